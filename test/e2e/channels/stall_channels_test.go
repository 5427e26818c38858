package channels

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// 2.4: telemetry keeps the newest state for a slow reader.
func TestStalledTelemetry(t *testing.T) {
	t.Parallel()
	d := startStalling(t)
	made := func(m device.Message) (float64, bool) { return number(t, m.Map(), "timestamp_ms"), true }
	c := stall{path: "/v1/ws/telemetry?interval_ms=250", baseline: 12, beside: 80, events: one(func(m device.Message) (arrival, bool) {
		at, _ := made(m)
		return delayOf(fmt.Sprint(at), m, at), true
	})}
	wantLatest(t, c.run(t, d), c.beside, 250*time.Millisecond, made)
}

// 2.4: processes likewise.
func TestStalledProcesses(t *testing.T) {
	t.Parallel()
	d := startStalling(t)
	made := func(m device.Message) (float64, bool) {
		snapshot, found := m.Map()["snapshot"].(map[string]any)
		if !found {
			return 0, false
		}
		return number(t, snapshot, "timestamp_ms"), true
	}
	c := stall{path: "/v1/ws/processes?interval_ms=250&limit=30", baseline: 12, beside: 40, events: one(func(m device.Message) (arrival, bool) {
		at, counts := made(m)
		return delayOf(fmt.Sprint(at), m, at), counts
	})}
	wantLatest(t, c.run(t, d), c.beside, 250*time.Millisecond, made)
}

// 2.4, 3.3: updates are held up to 1024, then the reader is told how many it has
// missed; the others miss none.
func TestStalledUpdates(t *testing.T) {
	t.Parallel()
	d := startStalling(t)
	c := stall{path: "/v1/ws/updates?heartbeat_ms=60000", lossless: true, baseline: 300, beside: 1500,
		load: func(events int) {
			var writers sync.WaitGroup
			for range 4 {
				writers.Go(func() {
					for range events / 4 {
						mutate(d)
					}
				})
			}
			writers.Wait()
		},
		events: one(func(m device.Message) (arrival, bool) {
			e, is := m.Map()["event"].(map[string]any)
			if !is {
				return arrival{}, false
			}
			return delayOf(fmt.Sprint(e["seq"]), m, number(t, e, "timestamp_ms")), true
		})}
	slow := c.run(t, d)
	seq, lost := readLaggedFrom(t, slow, uint64(c.baseline), uint64(c.baseline+c.beside))
	if lost == 0 || seq != uint64(c.baseline+c.beside) {
		t.Errorf("the stalled reader is at %d and has missed %d", seq, lost)
	}
	t.Logf("the stalled reader has missed %d of %d", lost, c.beside)
}

// 2.4, 3.2: reasons are merged for a slow reader; it is told of all of them.
func TestStalledDevices(t *testing.T) {
	t.Parallel()
	d := startStalling(t)
	tick := time.NewTicker(260 * time.Millisecond) // each change is an update of its own, if there is time
	defer tick.Stop()
	made := func(m device.Message) (float64, bool) {
		return number(t, m.Map(), "timestamp_ms"), m.Type() == "update"
	}
	changes := 0
	c := stall{path: "/v1/ws/devices?interval_ms=250", baseline: 8, beside: 100,
		load: func(events int) {
			for range events + events/5 { // some may be merged
				<-tick.C
				if changes++; changes%2 == 0 {
					scan(d)
				} else {
					mutate(d)
				}
			}
		},
		events: one(func(m device.Message) (arrival, bool) {
			if m.Type() != "update" {
				return arrival{}, false
			}
			at, _ := made(m)
			return delayOf(fmt.Sprint(at), m, at), true
		})}
	var slow *device.Raw
	c.beside99(t, d, func() {
		slow = d.DialRawSlow(c.path, 2304)
		slow.Find(ws.OpText)
		for range 200 { // updates are small: pongs fill what the kernel holds
			for range 10 {
				slow.Write(ws.OpPing, make([]byte, 125))
			}
			d.Get("/v1/health")
		}
		changes = 0
	})
	resumed := time.Now()
	mutate(d)
	var updates []wire.DevicesUpdate
	for newest := uint64(0); newest < uint64(resumed.UnixMilli()); {
		u := decode[wire.DevicesUpdate](t, device.Message{Data: slow.Find(ws.OpText)})
		updates, newest = append(updates, u), u.TimestampMS
	}
	t.Logf("the stalled one has got %d updates of %d changes", len(updates), changes+1)
	if len(updates) > changes-5 {
		t.Error("nothing was merged for it")
	}
	if !slices.ContainsFunc(updates[len(updates)-2:], func(u wire.DevicesUpdate) bool { return slices.Equal(u.Reasons, []string{"api", "device"}) }) {
		t.Errorf("the last updates are %v", updates[len(updates)-2:])
	}
}

// 2.4, 3.7: logs wait 10 s for a reader and then close with 1013. There can be
// 32 of them at a time.
func TestStalledLogs(t *testing.T) {
	t.Parallel()
	l := newAppLog(t)
	d := startStalling(t, "--log-file", l.path)
	n := 0
	c := stall{path: l.url("&lines=0"), readers: 32, lossless: true, baseline: 200, beside: 12 * 200, load: paced(200, func() {
		n++
		l.write(fmt.Sprintf("%d %d %s", time.Now().UnixMicro(), n, strings.Repeat("x", 300)))
	}), events: stampedLines("line")}
	wantTryLater(t, c.run(t, d), func(m device.Message) string { text, _ := m.Map()["line"].(string); return text })
}

// 2.4, 3.6: consoles likewise; the shell goes on, and the replay has the output.
func TestStalledConsole(t *testing.T) {
	t.Parallel()
	d := startStalling(t)
	shell := open(t, d, "")
	shell.run("PS1=; stty -echo -onlcr; bind 'set enable-bracketed-paste off'; echo rea$((1))dy")
	shell.expect("rea1dy")
	shell.run("cat") // prints what is typed, line by line
	n := 0
	c := stall{path: "/v1/ws/console?sessionId=" + shell.ready.SessionID, baseline: 200, beside: 12 * 200, load: paced(200, func() {
		n++
		shell.input(fmt.Sprintf("%d %d %s\n", time.Now().UnixMicro(), n, strings.Repeat("x", 300)))
	}), events: stampedLines("data")}
	shell.Drop()
	shell = shell.attach()
	slow := c.run(t, d)
	wantTryLater(t, slow, func(m device.Message) string { text, _ := m.Map()["data"].(string); return text })
	again := shell.attach()
	again.expect(fmt.Sprintf(" %d xxx", n)) // from the replay
}

// 2.4, 3.5: a client that sends commands and does not read the answers is not
// read from any more, which neither others nor the memory feel; when it reads
// again it gets all its answers.
func TestStalledSensors(t *testing.T) {
	t.Parallel()
	const commands = 5000
	d := startStalling(t)
	command := []byte(`{"op":"subscribe","kinds":["imu"]}`)
	var others []*device.Socket
	for range 99 {
		others = append(others, d.Dial("/v1/ws/sensors"))
	}
	memory := d.RSS()
	slow := d.DialRaw("/v1/ws/sensors")
	var sent atomic.Int64
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() {
		for range commands {
			slow.Write(ws.OpText, command)
			sent.Add(1)
		}
	})
	for last := int64(-1); ; { // until the server has stopped reading
		for _, s := range others {
			s.Send(string(command))
			s.Next()
		}
		if now := sent.Load(); now == last {
			break
		} else {
			last = now
		}
	}
	if n := sent.Load(); n == commands {
		t.Errorf("the server has taken all %d commands of a client that reads nothing", n)
	}
	if grown := d.RSS() - memory; grown > stallBudget && !device.Race {
		t.Errorf("the server has grown by %d MiB", grown>>20)
	}
	for range commands {
		if answer := slow.Find(ws.OpText); !bytes.Contains(answer, []byte(`"imu"`)) {
			t.Fatalf("answer %s", answer)
		}
	}
}
