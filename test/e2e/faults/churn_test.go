package faults

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// visitor connects once and leaves again, in a way of its own. It returns
// whether it got as far as it meant to.
type visitor func(ctx context.Context, addr string) error

// visitors are the kinds of clients that come and go.
func visitors(logFile, consoleID string) []visitor {
	mux := strings.Join([]string{
		envelope("device.telemetry", `{"interval_ms":250}`), envelope("devices.updates", ""), envelope("updates.stream", ""),
		envelope("processes.stream", `{"limit":10}`), envelope("imu.stream", ""), envelope("sensors.stream", ""),
		envelope("logs.stream", `{"source":"file:`+logFile+`","lines":5}`),
		envelope("console.session", `{"type":"open","session_id":"`+consoleID+`"}`), envelope("nonsense", ""), "nonsense",
	}, "\n")
	paths := []string{
		"telemetry", "processes?limit=10", "devices", "updates", "imu", "sensors", "ota", "logs?lines=5&source=file:" + logFile,
		"logs?follow=false&source=file:" + logFile, "logs?source=nonsense", "console?sessionId=" + consoleID,
		"streams/6f1c1d1e-2a3b-4c5d-8e9f-001122334455/metrics", "streams/6f1c1d1e-2a3b-4c5d-8e9f-001122334455/frames",
	}
	var all []visitor
	for _, path := range paths {
		all = append(all, socket("/v1/ws/"+path, "", orderly), socket("/v1/ws/"+path, "", abrupt), socket("/v1/ws/"+path, "", reset))
	}
	for range 5 {
		all = append(all, socket("/v1/ws", mux, orderly), socket("/v1/ws", mux, abrupt), socket("/v1/ws", mux, reset))
	}
	return append(all,
		halfHandshake(""), halfHandshake("GET /v1/ws/telemetry HT"), halfHandshake("GET /v1/ws/telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\n"),
		halfHandshake("GET /v1/ws/telemetry HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), // does not wait for the answer
		socket("/v1/ws", mux, halfFrame), socket("/v1/ws/console?sessionId="+consoleID, "", halfFrame), socket("/v1/ws/telemetry", "", silent),
	)
}

// socket opens a WebSocket, sends the lines of text, reads one message, and
// leaves.
func socket(path, text string, leave func(net.Conn)) visitor {
	return func(ctx context.Context, addr string) error {
		conn, early, _, err := ws.Dial(ctx, "ws://"+addr+path)
		if err != nil {
			return fmt.Errorf("open %s: %w", path, err)
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(device.Patience))
		var r io.Reader = conn
		if early != nil {
			r = early
		}
		for line := range strings.Lines(text) {
			if err := ws.WriteFrame(conn, ws.MaskFrame(ws.NewTextFrame([]byte(strings.TrimSpace(line))))); err != nil {
				return fmt.Errorf("write to %s: %w", path, err)
			}
		}
		if !strings.HasSuffix(path, "/sensors") { // says nothing by itself
			if _, err := ws.ReadFrame(r); err != nil {
				return fmt.Errorf("read from %s: %w", path, err)
			}
		}
		leave(conn)
		return nil
	}
}

// orderly leaves with a close frame and waits for the end.
func orderly(conn net.Conn) {
	_ = ws.WriteFrame(conn, ws.MaskFrame(ws.NewCloseFrame(ws.NewCloseFrameBody(1000, ""))))
	_, _ = io.Copy(io.Discard, conn)
}

// abrupt leaves without a word.
func abrupt(conn net.Conn) { _ = conn.Close() }

// silent leaves, but leaves the reading side open for a moment.
func silent(conn net.Conn) {
	_ = conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, conn)
}

// reset leaves with a reset, as a crashed machine does.
func reset(conn net.Conn) { _ = conn.(*net.TCPConn).SetLinger(0) }

// halfFrame leaves in the midst of a frame.
func halfFrame(conn net.Conn) {
	_, _ = conn.Write([]byte{0x81, 0xfe, 0x40, 0x00, 1, 2, 3, 4, 'x', 'y'})
}

// halfHandshake leaves before the connection is a WebSocket.
func halfHandshake(text string) visitor {
	return func(ctx context.Context, addr string) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return err
		}
		defer conn.Close()
		_, err = io.WriteString(conn, text)
		return err
	}
}

// churn lets n visitors come and go, some at a time.
func churn(t *testing.T, d *device.Device, all []visitor, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var left atomic.Int64
	left.Store(int64(n))
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for left.Add(-1) >= 0 {
				if err := all[rand.IntN(len(all))](ctx, d.Addr()); err != nil {
					t.Errorf("a visitor: %v", err)
					return
				}
			}
		})
	}
	workers.Wait()
}

// 10,000 clients that connect and disconnect, on all channels, some in the midst
// of the handshake or of a message, many without a word, leave nothing behind:
// goroutines, file descriptors and memory are where they were.
func TestChurn(t *testing.T) {
	t.Parallel()
	cycles := 10000
	if device.Race || testing.Short() {
		cycles = 2000
	}
	path := filepath.Join(t.TempDir(), "some.log")
	appendText(t, path, strings.Repeat("a line of the log\n", 10))
	d := start(t, "--log-file", path, "--log-level", "warn")
	var made struct {
		ID string `json:"session_id"`
	}
	d.JSON(d.Post("/v1/console/sessions", "{}"), &made)
	all := visitors(path, made.ID)
	churn(t, d, all, cycles/5) // lets pools and the heap grow to what they need
	before := idle(t, d)
	began := time.Now()
	churn(t, d, all, cycles)
	t.Logf("%d cycles in %v", cycles, time.Since(began).Round(time.Millisecond))
	memory := int64(8 << 20)
	if device.Race {
		memory *= 8
	}
	checkSame(t, d, before, memory)

	// It is as good as new.
	s := d.Dial("/v1/ws/console?sessionId=" + made.ID)
	s.Expect("ready")
	s.SendBinary([]byte("echo alive-$((1+1))\n"))
	seen := ""
	s.Find("the shell's answer", func(m device.Message) bool {
		text, _ := m.Map()["data"].(string)
		seen += text
		return strings.Contains(seen, "alive-2")
	})
}

// Two thousand clients at a time, who all leave at once, leave nothing behind
// either.
func TestCrowdThatLeavesAtOnce(t *testing.T) {
	t.Parallel()
	crowd := 2000
	if device.Race || testing.Short() {
		crowd = 300
	}
	d := start(t, "--log-level", "warn")
	gather := func(n int) {
		conns := make([]net.Conn, n)
		var workers sync.WaitGroup
		for w := range 8 {
			workers.Go(func() {
				for i := w; i < n; i += 8 {
					conn, _, _, err := ws.Dial(t.Context(), "ws://"+d.Addr()+"/v1/ws/telemetry")
					if err != nil {
						t.Errorf("connection %d: %v", i, err)
						return
					}
					conns[i] = conn
				}
			})
		}
		workers.Wait()
		if t.Failed() {
			return
		}
		device.Poll(t, "all to be counted", func() bool { return int(metrics(t, d)["heliograph_websocket_connections"]) == n })
		for _, conn := range conns {
			workers.Go(func() { conn.Close() })
		}
		workers.Wait()
	}
	for range 2 { // lets pools and the heap grow to what they need
		gather(crowd)
	}
	before := idle(t, d)
	for range 4 {
		gather(crowd)
	}
	memory := int64(16 << 20)
	if device.Race {
		memory *= 8
	}
	checkSame(t, d, before, memory)
}
