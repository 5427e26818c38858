package devflow

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestKeepAlive: section 2.4 and 8.7: a ping within 15 s on an idle connection of each
// channel.
func TestKeepAlive(t *testing.T) {
	t.Parallel()
	a := startProgram(t, "none")
	a.session(`{"sampleIntervalMs":60000}`)
	var wg sync.WaitGroup
	for _, path := range channels() {
		raw := a.DialRaw(path + map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "throttleMs=60000")
		wg.Go(func() {
			const limit = 15 * time.Second
			for end := time.Now().Add(limit + 5*time.Second); ; { // the machine may be busy
				f, err := raw.Read(time.Until(end))
				if err != nil {
					t.Errorf("%s: no ping within %v: %v", path, limit, err)
					return
				}
				if f.Op == ws.OpPing {
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestClientCloses: sections 2.4 and 8.7: a client's close is answered, and what belongs
// to the connection is freed.
func TestClientCloses(t *testing.T) {
	t.Parallel()
	a := startProgram(t, "none")
	a.session("")
	before := len(a.Files())
	for range 3 {
		for _, path := range channels() {
			s := a.open(path)
			s.begun()
			if err := s.Close(); err != nil {
				t.Errorf("%s: the close is not answered: %v", path, err)
			}
		}
	}
	device.Poll(t, "the connections to be given back", func() bool { return len(a.Files()) <= before+2 })
	device.Poll(t, "the sensors to end", func() bool { return a.tell("/sensor/running") == "0" })
	status := a.object(a.Get("/api/v1/device/ble"))
	if status.number("subscribers") != 0 {
		t.Errorf("status %v", status)
	}
}

// begun takes the first message of a channel that has one at once.
func (s *socket) begun() {
	s.t.Helper()
	s.check(s.Next())
}

// TestShutdown: section 2.6: every connection gets 1001, also when some clients read
// nothing, and for every kind of agent.
func TestShutdown(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(t *testing.T) *agent{
		"run":     func(t *testing.T) *agent { return startRun(t) },
		"program": func(t *testing.T) *agent { return startProgram(t, "none") },
		"serve":   func(t *testing.T) *agent { return startServe(t, device.Options{Args: []string{"--simulate", "imu"}}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := begin(t)
			a.session("")
			var all []*socket
			sensor := map[string]string{"program": "compass", "serve": "accelerometer"}[name]
			for _, path := range channels() {
				if strings.Contains(path, "sensor=") {
					if sensor == "" {
						continue
					}
					path = strings.Replace(path, "compass", sensor, 1)
				}
				s := a.open(path)
				s.begun()
				all = append(all, s)
				a.DialRaw(path) // reads nothing
			}
			a.Terminate()
			for _, s := range all {
				if code, reason := s.WaitClose(); code != 1001 {
					t.Errorf("%s: closed with %d %q", s.channel, code, reason)
				}
			}
			a.Wait()
		})
	}
}

// alive tells whether a process runs.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// TestKilled: when heliograph is killed the program gets SIGTERM, as documented. One
// that takes no notice of that runs on: it does not wait for heliograph, neither when it
// prints nor when it asks somebody.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, stubborn := range []bool{false, true} {
		t.Run(fmt.Sprint("stubborn ", stubborn), func(t *testing.T) {
			t.Parallel()
			a := newAgent(t)
			program := a.program()
			if stubborn {
				program = append(program, "-stubborn")
			}
			a.Device = device.Start(t, device.Options{Run: program})
			s := a.open("/ws/v1/logs?replay=0")
			a.log("info", "before")
			s.next("log")
			pid := a.object(a.Get("/api/v1/agent/status")).object("app").number("processId")
			if err := syscall.Kill(a.Pid(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if !stubborn {
				device.Poll(t, "the program to end", func() bool { return !alive(pid) })
				a.Kill()
				return
			}
			prints := func() string { return a.try("/log", "level", "info", "text", "after") }
			asks := func() string { return a.try("/fetch", "method", "GET", "url", "http://127.0.0.1:1/") }
			device.Poll(t, "heliograph to end", func() bool { return strings.Contains(prints(), "broken pipe") && strings.Contains(asks(), "refused") })
			for range 20 {
				if got := prints() + asks(); !strings.Contains(got, "broken pipe") || !strings.Contains(got, "refused") {
					t.Errorf("printing and asking give %q", got)
				}
			}
			if !alive(pid) {
				t.Error("the program has ended")
			}
			a.Kill()
		})
	}
}
