// Command device measures a running heliograph against the floors of its
// budgets (console, logs, agent cost, frames) and prints Markdown rows. It starts and
// ends the server itself; all traffic is loopback.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	binary := flag.String("binary", "bin/heliograph", "the program to measure")
	only := flag.String("only", "", "run only the measurements whose name has this prefix")
	skip := flag.String("skip", "", "leave out the measurements whose name has this prefix")
	seconds := flag.Int("frames-seconds", 60, "length of the measurements of frames")
	relay := flag.String("relay", "", "internal: be the floor of the relay, for the camera of this URL")
	flag.Parse()
	if *relay != "" {
		fmt.Fprintln(os.Stderr, "bench:", relayFloor(*relay))
		os.Exit(1)
	}
	if err := run(*binary, *only, *skip, time.Duration(*seconds)*time.Second); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type measurement struct {
	name string
	run  func(s *server) error
}

func run(binary, only, skip string, frames time.Duration) error {
	fmt.Println("| What | Measured |")
	fmt.Println("|---|---|")
	for _, m := range []measurement{
		{"start", func(*server) error { return measureStart(binary) }},
		{"console-pty-floor", func(*server) error { return ptyFloor() }},
		{"console-cat", catToClient},
		{"console-echo-idle", func(s *server) error { return echo(s, false) }},
		{"console-echo-flood", func(s *server) error { return echo(s, true) }},
		{"console-ctrl-c", ctrlC},
		{"logs-bulk", logsBulk},
		{"logs-latency", logsLatency},
		{"agent-telemetry", func(s *server) error { return agent(s, "telemetry alone", 1, "/v1/ws/telemetry") }},
		{"agent-processes", func(s *server) error {
			return agent(s, "telemetry and processes", 1, "/v1/ws/telemetry", "/v1/ws/processes")
		}},
		{"agent-100", func(s *server) error { return agent(s, "telemetry, 100 viewers", 100, "/v1/ws/telemetry") }},
		{"agent-idle", func(s *server) error { return agent(s, "no viewer", 0) }},
		{"frames-relay", func(s *server) error { return framesRelay(s, frames) }},
		{"frames-pattern", func(s *server) error { return framesPattern(s, frames) }},
		{"frames-slow", func(s *server) error { return framesSlow(s, frames/2) }},
		{"frames-idle", func(s *server) error { return framesIdle(s) }},
		{"frames-pipelines", func(s *server) error { return framesPipelines(s) }},
	} {
		if !strings.HasPrefix(m.name, only) || skip != "" && strings.HasPrefix(m.name, skip) {
			continue
		}
		s, err := startServer(binary)
		if err != nil {
			return err
		}
		err = m.run(s)
		s.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

func row(what, format string, args ...any) {
	fmt.Printf("| %s | %s |\n", what, fmt.Sprintf(format, args...))
}
