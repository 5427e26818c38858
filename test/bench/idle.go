package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"time"
)

// idleFor is how long idle connections are held before they are weighed: long
// enough for each to have been pinged and to have answered.
const idleFor = 20 * time.Second

// idle weighs n connections on which nothing happens.
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
		leave, err := sit(hello.Addr, "/idle", n)
		if err != nil {
			return err
		}
		after, err := c.do(command{Op: "look"})
		leave()
		c.end()
		if err != nil {
			return err
		}
		weighed(n, role, before.RSS, after.RSS)
	}
	if b.binary == "" {
		return nil
	}
	for _, path := range []string{"/v1/ws", "/v1/ws/devices"} {
		if err := b.idleDaemon(path, n); err != nil {
			return err
		}
	}
	return nil
}

// idleDaemon weighs connections to a path of the real daemon, with its whole
// stack of handlers.
func (b bench) idleDaemon(path string, n int) error {
	state, err := os.MkdirTemp("", "heliograph-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	cmd := exec.Command(b.binary, "serve", "--listen", "127.0.0.1:0", "--state-dir", state, "--insecure-no-auth", "--log-level", "error")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() }()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on http://")
	if !ok {
		return fmt.Errorf("start %s: it said %q, %w", b.binary, line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	warm, err := sit(addr, path, 10) // what is made once is not a connection's weight
	if err != nil {
		return err
	}
	before := rssOf(cmd.Process.Pid)
	leave, err := sit(addr, path, n)
	if err != nil {
		return err
	}
	weighed(n, "daemon, "+path, before, rssOf(cmd.Process.Pid))
	leave()
	warm()
	return nil
}

func weighed(n int, what string, before, after int64) {
	fmt.Printf("| %d idle connections | %s | %.1f KiB each | | |\n", n, what, float64(after-before)/1024/float64(n))
}

// sit opens n connections that do nothing but answer pings, and holds them for
// a while.
func sit(addr, path string, n int) (leave func(), err error) {
	var conns []net.Conn
	leave = func() {
		for _, nc := range conns {
			_ = nc.Close()
		}
	}
	for range n {
		nc, r, err := dialRaw(addr, path)
		if err != nil {
			leave()
			return nil, err
		}
		conns = append(conns, nc)
		go answerPings(nc, r)
	}
	time.Sleep(idleFor)
	return leave, nil
}

// answerPings reads frames and forgets them, but for pings.
func answerPings(nc net.Conn, r *bufio.Reader) {
	for {
		head, err := r.Peek(2)
		if err != nil {
			return
		}
		op, size, skip := head[0]&0x0f, int(head[1]), 2
		switch size {
		case 126:
			skip = 4
		case 127:
			skip = 10
		}
		if head, err = r.Peek(skip); err != nil {
			return
		}
		switch skip {
		case 4:
			size = int(binary.BigEndian.Uint16(head[2:]))
		case 10:
			size = int(binary.BigEndian.Uint64(head[2:]))
		}
		if _, err := r.Discard(skip + size); err != nil {
			return
		}
		if op == 9 {
			_, _ = nc.Write([]byte{0x8a, 0x80, 0, 0, 0, 0})
		}
	}
}
