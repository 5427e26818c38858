package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type bench struct {
	length time.Duration
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

func (b bench) fanout(n, rate int) error {
	per := map[string]float64{}
	const rounds = 2
	for round := range rounds {
		for _, role := range []string{"floor", "heliograph"} {
			c, hello, err := startChild(role)
			if err != nil {
				return err
			}
			var got atomic.Int64
			stop, err := clients(hello.Addr, "/", n, &got)
			if err != nil {
				return err
			}
			r, err := c.do(command{Op: "publish", Publish: rate, For: int(b.length.Milliseconds())})
			stop()
			c.end()
			if err != nil {
				return err
			}
			delivered := float64(got.Load()) / 1028
			fmt.Printf("| %d clients, %s | %s, run %d | %.0f k messages per server CPU second | %.1f %% of one CPU | %.0f k/s |\n",
				n, rateName(rate), role, round+1, delivered/r.CPU/1000, 100*r.CPU/r.Seconds, delivered/r.Seconds/1000)
			per[role] += delivered / r.CPU
		}
	}
	fmt.Printf("| %d clients, %s | ratio to floor | **%.2f** | | |\n", n, rateName(rate), per["heliograph"]/per["floor"])
	return nil
}

func rateName(rate int) string {
	if rate == 0 {
		return "saturated"
	}
	return fmt.Sprintf("%d/s", rate)
}

func (b bench) idle(n int) error {
	for _, role := range []string{"floor", "heliograph"} {
		c, hello, err := startChild(role)
		if err != nil {
			return err
		}
		before, err := c.do(command{Op: "look"})
		if err != nil {
			return err
		}
		conns := make([]net.Conn, 0, n)
		for range n {
			nc, r, err := dialRaw(hello.Addr, "/idle")
			if err != nil {
				return err
			}
			conns = append(conns, nc)
			go func() { _, _ = io.Copy(io.Discard, r) }()
		}
		time.Sleep(b.length)
		after, err := c.do(command{Op: "look"})
		if err != nil {
			return err
		}
		fmt.Printf("| %d idle connections | %s | %.1f KiB each | | |\n", n, role, float64(after.RSS-before.RSS)/1024/float64(n))
		for _, nc := range conns {
			_ = nc.Close()
		}
		c.end()
	}
	return nil
}

var _ = os.Stdout
