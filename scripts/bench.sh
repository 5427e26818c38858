#!/usr/bin/env bash
# Measures everything against its floor in one run and writes docs/benchmarks.md.
# Takes about thirteen minutes; wants a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/.."
ulimit -n "$(ulimit -Hn)"
mkdir -p build
go build -o build/bench ./test/bench
go build -o build/bench-device ./test/bench/device
go build -o build/bench-proxy ./test/bench/proxy
out=build/benchmarks.md
{
	cat <<'TEXT'
# Benchmarks

Made by `make bench`: everything below was measured in one run on one machine, each figure beside the least that a Go
program can do ("floor": messages encoded once, one goroutine per client, one `writev` for up to 64 of them; no reader, no
limits, no keep-alive, no policy). Ratios carry over to other machines, absolute figures do not. Clients run in another
process on the same machine and take their share of its cores.

TEXT
	echo "Machine: $(nproc) cores, $(awk -F': ' '/model name/ {print $2; exit}' /proc/cpuinfo), Linux $(uname -r | cut -d- -f1), $(go version | cut -d' ' -f3)."
	echo "Load average before the run: $(cut -d' ' -f1 /proc/loadavg)."
	cat <<'TEXT'

## Delivery: one topic, many WebSockets, 1 KiB messages

The floor has one queue per client and drops nothing, and so do we in this test. "Paced" is where waiting a few
milliseconds before a write pays: one write carries many messages.

| Load | Server | Messages per server CPU second | CPU | Delivered |
|---|---|---|---|---|
TEXT
	build/bench
	cat <<'TEXT'

## The running program

Console: `cat` of 100 MiB, key echo and Ctrl-C through a real shell. Logs: a real file, from `write` to the client's `read`.
Agent: the whole program with real viewers for 20 s.

TEXT
	build/bench-device -binary bin/heliograph -skip frames
	cat <<'TEXT'

## Frames

The relay: an HTTP camera on loopback writes the time of sending into each JPEG (a comment segment), 20 viewers on
WebSockets read them; the delay is from just before the camera's `write` to the end of the viewer's `read`. The floor is a
process that reads the parts and writes each to 20 sockets with `writev`. Both relays run in turns; the camera and the
viewers run in a process of their own and take their share of the cores. Pipelines: the test pattern is decoded,
processed and encoded again, once for all viewers.

TEXT
	build/bench-device -binary bin/heliograph -only frames
	cat <<'TEXT'

What each processor costs: `go test -run - -bench Processors ./internal/imaging`.

## Capture

The capturing proxy of `heliograph run` against proxies of the bare library, goproxy, with the least that captures (the last
500 exchanges with headers and bodies are kept; no limits, no redaction, no phases): as it comes, which keeps two
connections to a server, and with as many as there are clients. 50 connections that are kept alive, 1 KiB of JSON. Each
proxy is a process of its own; client and server are one and take their share of the cores. Eleven rounds in turn, the middle one.

TEXT
	build/bench-proxy -binary bin/heliograph
	cat <<'TEXT'

## An agent inside a Go program

What the SDK adds to a program while nobody is looking.

| | Time | Allocations |
|---|---|---|
TEXT
	go test -run - -bench Unobserved -benchmem . | awk '/^Benchmark/ { sub(/-[0-9]+$/, "", $1); sub(/^BenchmarkUnobserved\/?/, "", $1); printf "| %s | %s ns | %s |\n", $1, $3, $(NF-1) }'
	cat <<'TEXT'

## Budgets

| What | Budget |
|---|---|
| fan-out, 100 and 1,000 clients, saturated | >= 0.8 of the floor |
| 100 clients at 1,000/s | <= 20 % of a core |
| idle connection | <= 10 KiB |
| telemetry alone; with the process list; RSS | <= 0.25 %; <= 0.8 %; <= 30 MiB |
| 1 or 100 viewers | the same sampler |
| console: cat of 100 MB; CPU | >= 50 MB/s; <= 0.9 s |
| echo p99 idle; beside a flood | <= 1.5 ms; <= 2.5 ms |
| Ctrl-C while yes floods a 4 MB/s reader | <= 50 ms |
| log to client: bulk; p99 at 1,000 lines/s | >= 1 M lines/s; <= 1 ms |
| start to first byte; binary | < 150 ms; < 30 MB |
| frames, 20 viewers at 30 fps | every viewer >= 29 fps, no repeats, RSS flat |
| relay of MJPEG, added delay p99, 20 viewers | < 5 ms |
| a viewer that reads 1 frame in 2 s | its frames are younger than two intervals; it slows nobody |
| a stream that nobody watches | nothing |
| capturing proxy | >= 0.9 of the bare library as it comes |
| unobserved record or request of the SDK | < 100 ns, no allocation |

The parts have Go benchmarks of their own (`go test -bench . ./internal/...`): topic, frame reader, process scan, log
follower, change journal, server.
TEXT
} >"$out"
mv "$out" docs/benchmarks.md
