package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type bench struct {
	length time.Duration
	rounds int
	only   string
	binary string
}

func (b bench) run() error {
	for _, m := range []struct {
		name string
		run  func() error
	}{
		{"fanout-100", func() error { return b.fanout(100, 0) }},
		{"fanout-1000", func() error { return b.fanout(1000, 0) }},
		{"paced-100", func() error { return b.fanout(100, 1000) }},
		{"idle-5000", func() error { return b.idle(5000) }},
	} {
		if !strings.HasPrefix(m.name, b.only) {
			continue
		}
		if err := m.run(); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// dialRaw opens a WebSocket and returns the transport after the handshake.
func dialRaw(addr, path string) (net.Conn, *bufio.Reader, error) {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, addr)
	r := bufio.NewReaderSize(nc, 4096)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, nil, fmt.Errorf("handshake: %s", resp.Status)
	}
	return nc, r, nil
}

// clients opens n sockets that read and count bytes.
func clients(addr, path string, n int, bytes *atomic.Int64) (func(), error) {
	var wg sync.WaitGroup
	var conns []net.Conn
	for range n {
		nc, r, err := dialRaw(addr, path)
		if err != nil {
			return nil, err
		}
		conns = append(conns, nc)
		wg.Go(func() {
			buf := make([]byte, 64<<10)
			for {
				k, err := r.Read(buf)
				bytes.Add(int64(k))
				if err != nil {
					return
				}
			}
		})
	}
	return func() {
		for _, nc := range conns {
			_ = nc.Close()
		}
		wg.Wait()
	}, nil
}

// figures are those of one run.
type figures struct {
	perCPU  float64 // messages delivered per second of the server's CPU time
	cpu     float64 // share of one CPU
	perTime float64 // messages delivered per second
}

// fanout publishes to n clients, in turns by the floor and by the product, and
// compares their best runs: other load on the machine only ever makes a run
// worse.
func (b bench) fanout(n, rate int) error {
	best := map[string]figures{}
	for round := range b.rounds {
		for _, role := range []string{"floor", "heliograph"} {
			f, err := b.fanoutOnce(role, n, rate)
			if err != nil {
				return err
			}
			fmt.Printf("| %d clients, %s | %s, run %d | %.0f k messages per server CPU second | %.1f %% of one CPU | %.0f k/s |\n",
				n, rateName(rate), role, round+1, f.perCPU/1000, 100*f.cpu, f.perTime/1000)
			if f.perCPU > best[role].perCPU {
				best[role] = f
			}
		}
	}
	fmt.Printf("| %d clients, %s | ratio to floor, best runs | **%.2f** | %.1f %% of one CPU | |\n",
		n, rateName(rate), best["heliograph"].perCPU/best["floor"].perCPU, 100*best["heliograph"].cpu)
	return nil
}

func (b bench) fanoutOnce(role string, n, rate int) (figures, error) {
	c, hello, err := startChild(role)
	if err != nil {
		return figures{}, err
	}
	defer c.end()
	var got atomic.Int64
	stop, err := clients(hello.Addr, "/", n, &got)
	if err != nil {
		return figures{}, err
	}
	r, err := c.do(command{Op: "publish", Publish: rate, For: int(b.length.Milliseconds())})
	stop()
	if err != nil {
		return figures{}, err
	}
	delivered := float64(got.Load()) / messageSize
	return figures{delivered / r.CPU, r.CPU / r.Seconds, delivered / r.Seconds}, nil
}

// messageSize is a message of 1 KiB with its frame header.
const messageSize = 1024 + 4

func rateName(rate int) string {
	if rate == 0 {
		return "saturated"
	}
	return fmt.Sprintf("%d/s", rate)
}
