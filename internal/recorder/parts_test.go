package recorder

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

func TestUIState(t *testing.T) {
	r := newTest(t, Options{Mode: OnDemand})
	u := r.UI
	u.TreeChange(TreeChange{ElementID: "unobserved"}, time.Time{})
	u.Lifecycle("sleeping", time.Time{})
	if u.State() != StateStarted {
		t.Errorf("state %s", u.State())
	}
	u.Navigate(Navigation{To: "/a"}, time.Time{})
	u.Lifecycle(StatePaused, time.Time{})
	now, s, err := u.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if len(now) != 2 || now[0].State != StatePaused || now[1].Navigation.To != "/a" || now[1].Navigation.From != "" {
		t.Errorf("present %+v", now)
	}
	u.Lifecycle(StatePaused, time.Time{}) // no change
	u.Navigate(Navigation{To: "/b"}, time.Time{})
	u.TreeChange(TreeChange{ElementID: "e"}, time.Time{})
	u.Alert(Alert{Buttons: make([]string, 100)}, time.Time{})
	u.Failure(Failure{Message: strings.Repeat("x", maxText+1)}, time.Time{})
	got := take(t, s, 4)
	if got[0].Navigation.From != "/a" || got[1].Tree.ElementID != "e" || len(got[2].Alert.Buttons) != 32 || len(got[3].Failure.Message) > maxText {
		t.Errorf("events %+v", got)
	}
}

// radio is an adapter whose activities can be counted and lost.
type radio struct {
	mu     sync.Mutex
	scans  int
	lost   func(error)
	refuse error
}

func (r *radio) Scan(_ context.Context, lost func(error)) (func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuse != nil {
		return nil, r.refuse
	}
	r.scans++
	r.lost = lost
	return func() { r.mu.Lock(); r.scans--; r.mu.Unlock() }, nil
}

func (r *radio) Monitor(ctx context.Context, lost func(error)) (func(), error) {
	return r.Scan(ctx, lost)
}

func (r *radio) on() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scans
}

func TestScans(t *testing.T) {
	r, air := newTest(t, Options{}), &radio{}
	b := r.BLE
	if _, err := b.JoinScan(t.Context()); !errors.Is(err, ErrNoScanner) {
		t.Errorf("without an adapter: %v", err)
	}
	b.SetAdapter(air)
	one, err1 := b.JoinScan(t.Context())
	two, err2 := b.JoinScan(t.Context())
	if err1 != nil || err2 != nil || air.on() != 1 {
		t.Fatalf("%v, %v, %d scans", err1, err2, air.on())
	}
	one()
	one() // only once
	if !b.Status().Scanning || b.Status().ScansWanted != 1 {
		t.Errorf("status %+v", b.Status())
	}
	s, err := b.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	air.lost(nil)
	if got := take(t, s, 1); got[0].Failure == "" || b.Status().Scanning {
		t.Errorf("lost: %+v, %+v", got, b.Status())
	}
	three, err := b.JoinScan(t.Context())
	if err != nil || air.on() != 1 {
		t.Errorf("again: %v, %d scans", err, air.on())
	}
	two()
	three()
	if air.on() != 0 || b.Status().Scanning {
		t.Errorf("nobody wants it: %d scans, %+v", air.on(), b.Status())
	}
	air.refuse = errors.New("not powered")
	if err := b.StartScan(t.Context()); !errors.Is(err, air.refuse) || b.Status().Scanning || b.Status().ScanByDemand {
		t.Errorf("refused: %v, %+v", err, b.Status())
	}
	air.refuse = nil
	if err := b.Enable(t.Context()); err != nil || !b.Status().Enabled {
		t.Errorf("enable: %v", err)
	}
	b.SetAdapter(nil)
	if air.on() != 0 || b.Status().Enabled || b.Status().CanScan {
		t.Errorf("without it: %d, %+v", air.on(), b.Status())
	}
}

func TestScansUnderChurn(t *testing.T) {
	r, air := newTest(t, Options{}), &radio{}
	r.BLE.SetAdapter(air)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				leave, err := r.BLE.JoinScan(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if i == 0 {
					r.BLE.StopScan()
				}
				leave()
			}
		})
	}
	wg.Wait()
	if air.on() != 0 || r.BLE.Status().ScansWanted != 0 {
		t.Errorf("%d scans, %+v", air.on(), r.BLE.Status())
	}
}

func TestSensorRegistry(t *testing.T) {
	r := newTest(t, Options{})
	s := r.Sensors
	run := func(ctx context.Context, out *topic.Publisher[Reading]) error {
		out.Publish(Reading{Values: map[string]float64{"x": 1}})
		<-ctx.Done()
		return nil
	}
	for _, name := range []string{"", "Upper", "1st", "a b", strings.Repeat("x", 65)} {
		if err := s.Register(Sensor{Name: name, Run: run}); err == nil {
			t.Errorf("%q is a name", name)
		}
	}
	if err := s.Register(Sensor{Name: "light"}); err == nil {
		t.Error("a sensor without a source")
	}
	broken := errors.New("driver is gone")
	var why error
	for _, def := range []Sensor{{Name: "light", Run: run}, {Name: Compass, Run: run, Available: func() error { return why }}} {
		if err := s.Register(def); err != nil {
			t.Error(err)
		}
		if err := s.Register(def); err == nil {
			t.Errorf("%s twice", def.Name)
		}
	}
	var names []string
	for _, i := range s.List() {
		names = append(names, fmt.Sprint(i.Name, i.Available))
	}
	if got := strings.Join(names, " "); got != "accelerometerfalse barometerfalse compasstrue gyroscopefalse lighttrue magnetometerfalse orientationfalse" {
		t.Errorf("sensors %s", got)
	}
	stream, err := s.Open("LIGHT", time.Millisecond, nil)
	if err != nil {
		t.Fatal(err)
	}
	if item, err := stream.Next(t.Context()); err != nil || item.Event.Value.Values["x"] != 1 {
		t.Errorf("reading %v, %v", item, err)
	}
	if i, _ := s.Info("light"); !i.Active || i.Readers != 1 {
		t.Errorf("with a stream: %+v", i)
	}
	if _, err := s.Stop("light"); err != nil {
		t.Error(err)
	}
	<-stream.Stopped
	stream.Close()
	if _, err := s.Open("sonar", 0, nil); !errors.Is(err, ErrUnknownSensor) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := s.Start(Barometer, 0); !errors.Is(err, ErrSensorUnavailable) {
		t.Errorf("absent: %v", err)
	}
	why = broken
	if _, err := s.Start(Compass, 0); !errors.Is(err, ErrSensorUnavailable) || !errors.Is(err, broken) {
		t.Errorf("not usable: %v", err)
	}
	s.Remove("light")
	s.Remove(Compass)
	if _, err := s.Info("light"); !errors.Is(err, ErrUnknownSensor) {
		t.Errorf("removed: %v", err)
	}
	if i, err := s.Info(Compass); err != nil || i.Available {
		t.Errorf("a built-in that was removed: %+v, %v", i, err)
	}
}

func TestClosedRecorderDropsAndEnds(t *testing.T) {
	r := New(Options{})
	s, err := r.Logs.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r.Close()
	r.Logs.Record(LogEntry{Message: "late"})
	r.Network.Record(Exchange{})
	r.UI.Failure(Failure{}, time.Time{})
	r.BLE.Record(BLEEvent{Kind: "connected"})
	if _, err := s.Next(t.Context()); !errors.Is(err, topic.ErrClosed) {
		t.Errorf("a stream ends with %v", err)
	}
	if _, err := r.UI.buf.open(nil, nil); !errors.Is(err, topic.ErrClosed) {
		t.Errorf("open after close: %v", err)
	}
	if _, err := r.Profiler.Start(0); err == nil {
		t.Error("a session after close")
	}
	r.Close()
}
