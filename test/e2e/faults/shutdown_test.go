package faults

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// SIGTERM while everything is in use: sockets of all kinds, a console and a
// multiplexed socket that do not read while shells flood them, a shell that
// ignores every signal it can, a request that is not finished, connections that
// never said anything. Whoever reads is told, the server ends within its bound of
// ten seconds, with code 0, and leaves no process behind.
func TestShutdownInTheMidstOfEverything(t *testing.T) {
	t.Parallel()
	path := longLog(t)
	d := start(t, "--log-file", path)
	stubborn := d.Dial("/v1/ws/console")
	stubborn.Expect("ready")
	stubborn.SendBinary([]byte("trap '' TERM HUP INT QUIT; (trap '' TERM HUP; sleep 1000) & echo deaf-$((1+1)); while :; do sleep 100; done\n"))
	seen := ""
	stubborn.Find("the deaf shell", func(m device.Message) bool {
		text, _ := m.Map()["data"].(string)
		seen += text
		return strings.Contains(seen, "deaf-2")
	})
	d.DialWith("/v1/ws/console", device.DialOptions{Manual: true, ReceiveBuffer: 4096}).SendBinary([]byte("yes\n"))
	stalled := d.DialWith("/v1/ws", device.DialOptions{Manual: true, ReceiveBuffer: 4096})
	for _, request := range []string{
		envelope("console.session", `{"type":"input","data":"yes\n"}`), envelope("device.telemetry", `{"interval_ms":250}`),
		envelope("logs.stream", `{"source":"file:`+path+`","lines":2000}`), envelope("updates.stream", ""),
	} {
		stalled.Send(request)
	}
	sockets := []*device.Socket{stubborn}
	for _, channel := range []string{"telemetry", "processes", "devices", "updates", "imu", "sensors", "logs?source=file:" + path, ""} {
		sockets = append(sockets, d.Dial(strings.TrimSuffix("/v1/ws/"+channel, "/")))
	}
	for _, request := range []string{"GET /v1/health HTTP/1.1\r\nHo", ""} {
		if _, err := io.WriteString(connect(t, d), request); err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	d.Terminate()
	for _, s := range sockets {
		if code, _ := s.WaitClose(); code != 1001 {
			t.Errorf("closed with %d, want 1001", code)
		}
	}
	d.Wait()
	checkBound(t, began)
}

func longLog(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "long.log")
	appendText(t, path, strings.Repeat(strings.Repeat("x", 1000)+"\n", 20000))
	return path
}

// checkBound checks the time of a shutdown.
func checkBound(t *testing.T, began time.Time) {
	t.Helper()
	took := time.Since(began)
	t.Logf("it took %v", took.Round(time.Millisecond))
	if took > 20*time.Second {
		t.Errorf("it took %v, the bound is 10 s", took)
	}
}

// SIGTERM with requests that do not end, since their clients neither read nor
// write: after ten seconds they are cut, and the server says so with code 1.
func TestShutdownCutsRequests(t *testing.T) {
	t.Parallel()
	path := longLog(t)
	binary, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--state-dir", filepath.Join(t.TempDir(), "state"), "--log-file", path)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(strings.TrimSpace(line), "listening on http://")
	for _, request := range []string{
		"GET /v1/device/logs/download?source=file:" + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
		"POST /v1/console/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{",
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 20)); err != nil { // it is in work
			t.Fatal(err)
		}
	}
	began := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(said.String(), "2 requests did not end in time") {
		t.Errorf("%v: %s", err, said.String())
	}
	checkBound(t, began)
}

// SIGTERM with nothing attached, and right after the start, is quick and has
// code 0.
func TestShutdownAtOnce(t *testing.T) {
	t.Parallel()
	for range 5 {
		start(t).Stop()
	}
}
