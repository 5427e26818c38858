package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/test/bench/usage"
)

// server is a heliograph under measurement.
type server struct {
	cmd *exec.Cmd
	url string
	dir string
	log string // a log file that it offers
}

func startServer(binary string) (*server, error) {
	dir, err := os.MkdirTemp("", "heliograph-bench-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, log: filepath.Join(dir, "bench.log")}
	if err := os.WriteFile(s.log, nil, 0o600); err != nil {
		return nil, err
	}
	s.cmd = exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--state-dir", filepath.Join(dir, "state"), "--log-file", s.log, "--log-level", "error")
	s.cmd.Env = append(os.Environ(), "SHELL=/bin/sh", "PS1=$ ")
	if err := s.begin(); err != nil {
		return nil, err
	}
	return s, nil
}

// begin starts the process and waits until it says where it listens.
func (s *server) begin() error {
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
			s.url = url
			break
		}
	}
	if s.url == "" {
		s.stop()
		return fmt.Errorf("start %s: it did not say where it listens", s.cmd.Path)
	}
	go func() {
		for lines.Scan() {
		}
	}()
	return nil
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

func (s *server) dial(path string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(s.url, "http")+path, nil)
	if err != nil {
		return nil, err
	}
	c.SetReadLimit(64 << 20)
	return c, nil
}

func (s *server) cpu() time.Duration { return usage.CPU(s.cmd.Process.Pid) }
func (s *server) rss() int64         { return usage.RSS(s.cmd.Process.Pid) }

func measureStart(binary string) error {
	var best time.Duration
	for range 5 {
		began := time.Now()
		s, err := startServer(binary)
		if err != nil {
			return err
		}
		resp, err := http.Get(s.url + "/v1/health")
		took := time.Since(began)
		if err == nil {
			_ = resp.Body.Close()
		}
		s.stop()
		if err != nil {
			return err
		}
		if best == 0 || took < best {
			best = took
		}
	}
	info, err := os.Stat(binary)
	if err != nil {
		return err
	}
	row("start to first byte served; binary", "%d ms; %.1f MB", best.Milliseconds(), float64(info.Size())/1e6)
	return nil
}

// agent measures what n viewers of each path cost.
func agent(s *server, what string, n int, paths ...string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, path := range paths {
		for range n {
			c, err := s.dial(path)
			if err != nil {
				return err
			}
			defer c.CloseNow()
			go func() {
				for {
					if _, _, err := c.Read(ctx); err != nil {
						return
					}
				}
			}()
		}
	}
	const length = 20 * time.Second
	time.Sleep(2 * time.Second)
	before := s.cpu()
	time.Sleep(length)
	used := s.cpu() - before
	row("agent at 1 Hz, "+what, "%.2f %% of one CPU, RSS %.1f MiB", 100*used.Seconds()/length.Seconds(), float64(s.rss())/(1<<20))
	return nil
}
