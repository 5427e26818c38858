package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// follow opens the log file's channel and waits until it is live.
func (s *server) follow() (*websocket.Conn, error) {
	c, err := s.dial("/v1/ws/logs?lines=0&source=" + url.QueryEscape("file:"+s.log))
	if err != nil {
		return nil, err
	}
	if _, _, err := c.Read(context.Background()); err != nil {
		return nil, err
	}
	return c, nil
}

const bulkLines = 2_000_000

// logsBulk appends two million lines and measures until the last one arrives.
func logsBulk(s *server) error {
	c, err := s.follow()
	if err != nil {
		return err
	}
	defer c.CloseNow()
	time.Sleep(300 * time.Millisecond)
	line := strings.Repeat("x", 99) + "\n"
	bulk := bytes.Repeat([]byte(line), bulkLines)
	copy(bulk[len(bulk)-6:], "LAST!")
	before, began := s.cpu(), time.Now()
	f, err := os.OpenFile(s.log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	go func() { _, _ = f.Write(bulk); _ = f.Close() }()
	n := 0
	for {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return fmt.Errorf("after %d lines: %w", n, err)
		}
		n++
		if bytes.HasSuffix(data, []byte(`LAST!"}`)) {
			break
		}
	}
	took := time.Since(began).Seconds()
	if n != bulkLines {
		return fmt.Errorf("got %d of %d lines", n, bulkLines)
	}
	row("log file to client, bulk of 2 M lines of 100 bytes", "%.2f M lines/s, %.2f M lines per CPU second of the server", float64(n)/took/1e6, float64(n)/(s.cpu()-before).Seconds()/1e6)
	return nil
}

// logsLatency writes 1,000 lines a second and measures each one's way.
func logsLatency(s *server) error {
	c, err := s.follow()
	if err != nil {
		return err
	}
	defer c.CloseNow()
	time.Sleep(300 * time.Millisecond)
	const lines = 3000
	go func() {
		f, err := os.OpenFile(s.log, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			return
		}
		defer f.Close()
		next := time.Now()
		for range lines {
			fmt.Fprintf(f, "%d\n", time.Now().UnixNano())
			next = next.Add(time.Millisecond)
			time.Sleep(time.Until(next))
		}
	}()
	var times []time.Duration
	for range lines {
		_, data, err := c.Read(context.Background())
		if err != nil {
			return err
		}
		at := time.Now().UnixNano()
		var m struct{ Line string }
		if err := json.Unmarshal(data, &m); err != nil {
			return err
		}
		var sent int64
		if _, err := fmt.Sscan(m.Line, &sent); err != nil {
			return err
		}
		times = append(times, time.Duration(at-sent))
	}
	slices.Sort(times)
	row("log file to client at 1,000 lines/s", "p50 %.2f ms, p99 %.2f ms", ms(times[lines/2]), ms(times[lines*99/100]))
	return nil
}
