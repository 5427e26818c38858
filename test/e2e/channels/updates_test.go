package channels

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// watchUpdates opens the socket and takes ready and the first heartbeat.
func watchUpdates(t *testing.T, d *device.Device) *device.Socket {
	t.Helper()
	s := d.Dial("/v1/ws/updates?heartbeat_ms=60000")
	s.Expect("ready")
	s.Expect("heartbeat")
	return s
}

func change(t *testing.T, s *device.Socket) wire.RealtimeUpdateEvent {
	t.Helper()
	return decode[wire.UpdatesChange](t, s.Expect("change")).Event
}

// 3.3, 9.1: ready, a heartbeat at once, then one each interval. Nothing from
// before the connection is replayed.
func TestUpdatesHeartbeat(t *testing.T) {
	t.Parallel()
	d := start(t)
	mutate(d)
	s := d.Dial("/v1/ws/updates?heartbeat_ms=1000")
	if got := number(t, s.Expect("ready").Map(), "heartbeat_ms"); got != 1000 {
		t.Errorf("heartbeat_ms %v", got)
	}
	beats := []device.Message{s.Expect("heartbeat"), s.Expect("heartbeat"), s.Expect("heartbeat"), s.Expect("heartbeat")}
	for _, m := range beats {
		if at := int64(number(t, m.Map(), "timestamp_ms")); at < m.At.UnixMilli()-1000 || at > m.At.UnixMilli() {
			t.Errorf("heartbeat of %d read at %d", at, m.At.UnixMilli())
		}
	}
	if took := beats[3].At.Sub(beats[0].At); took < 2500*time.Millisecond || took > 5*time.Second {
		t.Errorf("three heartbeats of 1 s took %v", took)
	}
	mutate(d) // changes come in between
	if e := change(t, s); e.Seq != 2 {
		t.Errorf("the second change has seq %d", e.Seq)
	}
}

// 3.3, 4: all fields of an event, for each kind that can be made for real.
func TestChangeFields(t *testing.T) {
	b := newBoard(t)
	d := b.start()
	s := watchUpdates(t, d)
	want := func(e wire.RealtimeUpdateEvent) {
		t.Helper()
		got := change(t, s)
		if age := time.Since(time.UnixMilli(int64(got.TimestampMS))); age < 0 || age > device.Patience {
			t.Errorf("recorded %v ago", age)
		}
		e.Seq, e.TimestampMS, e.Revision, e.Origin = got.Seq, got.TimestampMS, got.Revision, "http"
		if e != got {
			t.Errorf("got  %+v\nwant %+v", got, e)
		}
	}
	api := wire.RealtimeUpdateEvent{Domain: "api", Kind: "api", Entity: "api", ResourceID: "api"}

	mutate(d, "X-Request-Id", "r-1")
	e := api
	e.Operation, e.Path, e.Method, e.RequestID = "delete", "/v1/errors", "delete", "r-1"
	want(e)

	// The id is made if there is none; the path is without the query.
	r := d.Post("/v1/console/sessions?note=x", "{}")
	e.Operation, e.Path, e.Method, e.RequestID = "create", "/v1/console/sessions", "post", r.Header.Get("X-Request-Id")
	want(e)
	var session wire.ConsoleSessionSummary
	d.JSON(r, &session)
	path := "/v1/console/sessions/" + session.SessionID
	r = d.Ask("DELETE", path, "")
	e.Operation, e.Path, e.Method, e.RequestID = "delete", path, "delete", r.Header.Get("X-Request-Id")
	want(e)

	d.Post("/v1/peripherals/i2c/scan", "{}", "X-Request-Id", "r-2")
	want(wire.RealtimeUpdateEvent{
		Domain: "device", Kind: "device.hardware", Entity: "device_hardware", ResourceID: "device.hardware",
		Operation: "create", Path: "/v1/peripherals/i2c/scan", Method: "post", RequestID: "r-2",
	})
	if r := d.Post("/v1/device/hostname", `{"hostname":"board-2"}`, "X-Request-Id", "r-3"); r.Status != 204 {
		t.Fatalf("set the host name: %d %s", r.Status, r.Body)
	}
	want(wire.RealtimeUpdateEvent{
		Domain: "device", Kind: "device.settings", Entity: "device_settings", ResourceID: "device.settings",
		Operation: "create", Path: "/v1/device/hostname", Method: "post", RequestID: "r-3",
	})
}

// 4: what is not answered with 2xx, or does not change anything, is no change.
func TestNoChange(t *testing.T) {
	d := start(t)
	s := watchUpdates(t, d)
	for _, r := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/health", "", 200},
		{"OPTIONS", "/v1/errors", "", 0},
		{"POST", "/v1/streams", "{}", 0},
		{"POST", "/v1/errors", "{}", 405},
		{"DELETE", "/v1/console/sessions/" + someStream, "", 404},
		{"DELETE", "/v1/console/sessions/1", "", 400},
		{"POST", "/v1/device/hostname", `{"hostname":"-"}`, 400},
		{"POST", "/v1/device/hostname", `{`, 400},
		{"PATCH", "/v1/device/imu", `{}`, 0},
		{"PUT", "/v1/nothing", `{}`, 404},
	} {
		got := d.Ask(r.method, r.path, r.body).Status
		if r.status != 0 && got != r.status || r.status == 0 && r.method != "OPTIONS" && got < 400 {
			t.Errorf("%s %s: status %d", r.method, r.path, got)
		}
	}
	mutate(d, "X-Request-Id", "first")
	if e := change(t, s); e.RequestID != "first" || e.Seq != 1 {
		t.Errorf("a change was recorded before: %+v", e)
	}
}

// 4: an event is recorded after the change has taken effect.
func TestChangeComesAfterItsEffect(t *testing.T) {
	d := start(t)
	s := watchUpdates(t, d)
	var wg sync.WaitGroup
	defer wg.Wait()
	for range 5 {
		wg.Go(func() { d.Post("/v1/console/sessions", "{}") })
	}
	for n := 1; n <= 5; n++ {
		change(t, s)
		var list wire.ConsoleSessions
		if d.JSON(d.Get("/v1/console/sessions"), &list); len(list.Sessions) < n {
			t.Errorf("%d sessions after %d changes", len(list.Sessions), n)
		}
	}
}

// 3.3: under concurrent changes everybody sees the same events in the same
// order, seq is dense, and revisions rise by one for each thing.
func TestUpdatesOrder(t *testing.T) {
	const writers, each = 50, 20
	d := start(t)
	viewers := []*device.Socket{watchUpdates(t, d), watchUpdates(t, d), watchUpdates(t, d)}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("w%d.%d", w, i)
				if i%2 == 0 {
					mutate(d, "X-Request-Id", id)
				} else {
					d.Post("/v1/peripherals/i2c/scan", "{}", "X-Request-Id", id)
				}
			}
		})
	}
	events := make([][]wire.RealtimeUpdateEvent, len(viewers))
	for v, s := range viewers {
		for range writers * each {
			events[v] = append(events[v], change(t, s))
		}
	}
	wg.Wait()
	next := map[string]int{} // writer: number of its next change
	for i, e := range events[0] {
		for v := range viewers {
			if events[v][i] != e {
				t.Fatalf("viewer %d sees %+v, viewer 0 %+v", v, events[v][i], e)
			}
		}
		if e.Seq != uint64(i)+1 {
			t.Fatalf("change %d has seq %d", i, e.Seq)
		}
		var w, n int
		if _, err := fmt.Sscanf(e.RequestID, "w%d.%d", &w, &n); err != nil || next[fmt.Sprint(w)] != n {
			t.Fatalf("change %s comes when number %d is due: %v", e.RequestID, next[fmt.Sprint(w)], err)
		}
		next[fmt.Sprint(w)]++
	}
	checkRevisions(t, events[0])
}

func checkRevisions(t *testing.T, events []wire.RealtimeUpdateEvent) {
	t.Helper()
	last := map[string]uint64{}
	for _, e := range events {
		key := e.Kind + " " + e.ResourceID
		if before, known := last[key]; known && e.Revision != before+1 {
			t.Fatalf("%s has revision %d after %d", key, e.Revision, before)
		}
		last[key] = e.Revision
	}
}

// 3.3: revisions never repeat or go back, also across restarts: an orderly one,
// and one by a loss of power; also when the clock is of no help, which the
// tests of internal/changelog show.
func TestRevisionsAcrossRestarts(t *testing.T) {
	dir := t.TempDir() + "/state"
	last := uint64(0)
	for round, end := range []func(*device.Device){(*device.Device).Kill, (*device.Device).Stop, (*device.Device).Kill, (*device.Device).Stop} {
		d := device.Start(t, device.Options{StateDir: dir})
		s := watchUpdates(t, d)
		for i := range 20 {
			mutate(d)
			e := change(t, s)
			if e.Revision <= last {
				t.Errorf("round %d: revision %d after %d", round, e.Revision, last)
			}
			if e.Seq != uint64(i)+1 {
				t.Errorf("round %d: change %d has seq %d", round, i, e.Seq)
			}
			last = e.Revision
		}
		s.Drop()
		end(d)
	}
}

// 3.3, 2.4, 9.3: who falls behind by more than 1024 events is told how many were
// lost and goes on with the oldest that is held.
func TestUpdatesLag(t *testing.T) {
	const changes = 2500
	d := startStalling(t)
	fast := watchUpdates(t, d)
	slow := dialStalled(t, d, "/v1/ws/updates?heartbeat_ms=60000")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range changes / 4 {
				mutate(d, "X-Request-Id", strings.Repeat("x", 128))
			}
		})
	}
	wg.Wait()
	for i := range changes {
		if e := change(t, fast); e.Seq != uint64(i)+1 {
			t.Fatalf("the fast one: change %d has seq %d", i, e.Seq)
		}
	}
	seq, lost := readLagged(t, slow, changes)
	t.Logf("%d of %d events were lost", lost, changes)
	if lost == 0 || lost > changes-1024 {
		t.Errorf("%d of %d events were lost; 1024 are held", lost, changes)
	}
	if seq != changes {
		t.Errorf("the last event read is %d", seq)
	}
	mutate(d) // the socket is open and up to date
	m, err := slow.Read(t.Context())
	if err != nil || decode[wire.UpdatesChange](t, m).Event.Seq != changes+1 {
		t.Errorf("after the lag: %s %v", m.Data, err)
	}
}

// readLagged reads until the last event, and checks that each gap is told with
// its exact size. It returns the last seq and how many events were lost.
func readLagged(t *testing.T, s *device.Socket, until uint64) (seq, lost uint64) {
	t.Helper()
	return readLaggedFrom(t, s, 0, until)
}

// readLaggedFrom is readLagged for a reader that came after the event seq.
func readLaggedFrom(t *testing.T, s *device.Socket, seq, until uint64) (last, lost uint64) {
	t.Helper()
	gap := uint64(0)
	for seq < until {
		m, err := s.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		switch m.Type() {
		case "error":
			var n uint64
			if _, err := fmt.Sscanf(m.Map()["message"].(string), "updates stream lagged by %d events", &n); err != nil || n == 0 {
				t.Fatalf("error %s", m.Data)
			}
			gap += n
		case "change":
			e := decode[wire.UpdatesChange](t, m).Event
			if e.Seq != seq+gap+1 {
				t.Fatalf("seq %d after %d with %d lost", e.Seq, seq, gap)
			}
			seq, lost, gap = e.Seq, lost+gap, 0
		}
	}
	return seq, lost
}
