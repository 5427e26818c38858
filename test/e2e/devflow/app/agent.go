package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph"
)

// agent is the program with an agent in it.
type agent struct {
	*heliograph.Agent
	log     *slog.Logger
	broken  chan struct{} // makes the flaky sensor fail
	running atomic.Int64  // sensors that run now
}

// settings are those of the agent.
type settings struct {
	mirror bool
	keep   int // items of a profiler session; negative: nothing of anything
	broker int // port of a broker; 0: none
}

// newAgent starts serving and prints where.
func newAgent(ctx context.Context, set settings, done chan<- error) (*agent, error) {
	opts := heliograph.Options{
		Name: "orders", Version: "2.4.0", PackageID: "test.example.orders", Project: "/src/orders", SessionID: "s1", Mirror: set.mirror,
		Limits: heliograph.Limits{ProfilerItems: set.keep},
	}
	if set.keep < 0 {
		opts.Limits = heliograph.Limits{LogRecords: -1, Exchanges: -1, BLEEvents: -1, ProfilerItems: -1}
	}
	if set.broker != 0 {
		opts.Brokers = []int{set.broker}
	}
	a := &agent{Agent: heliograph.New(&opts), broken: make(chan struct{})}
	a.log = slog.New(a.SlogHandler(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError + 8})))
	if err := a.addSensors(); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	fmt.Println("listening on http://" + l.Addr().String())
	go func() { done <- a.Serve(ctx, l) }()
	return a, nil
}

// addSensors adds one of each kind.
func (a *agent) addSensors() error {
	var heading atomic.Int64
	sensors := []heliograph.Sensor{
		{Name: heliograph.Compass, Run: a.every(func() heliograph.Reading {
			return heliograph.Reading{Values: map[string]float64{"heading": float64(heading.Add(1) % 360), "accuracy": 5}}
		}, nil)},
		{Name: heliograph.Barometer, Read: func(context.Context) (heliograph.Reading, error) {
			return heliograph.Reading{Values: map[string]float64{"pressure": 1013.25}}, nil
		}},
		{Name: heliograph.Gyroscope, Available: func() error { return errors.New("the gyroscope is asleep") }, Read: func(context.Context) (heliograph.Reading, error) {
			return heliograph.Reading{}, errors.New("asleep")
		}},
		{Name: "flaky", Run: a.every(func() heliograph.Reading {
			return heliograph.Reading{Values: map[string]float64{"level": 1}}
		}, a.broken)},
	}
	for _, s := range sensors {
		if err := a.AddSensor(s); err != nil {
			return err
		}
	}
	return nil
}

// every makes a sensor that is read at the wanted rate, and fails when broken says so.
func (a *agent) every(read func() heliograph.Reading, broken <-chan struct{}) func(context.Context, time.Duration, func(heliograph.Reading)) error {
	return func(ctx context.Context, every time.Duration, out func(heliograph.Reading)) error {
		a.running.Add(1)
		defer a.running.Add(-1)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				out(read())
			case <-broken:
				return errors.New("the wire is cut")
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// register adds what only a program with an agent can be told.
func (a *agent) register(mux *http.ServeMux) {
	mux.HandleFunc("POST /log", a.serveLog)
	mux.HandleFunc("POST /fetch", fetcher(a.RoundTripper(nil)))
	mux.HandleFunc("POST /ble", a.serveBLE)
	mux.HandleFunc("POST /navigate", func(_ http.ResponseWriter, r *http.Request) {
		a.Navigate(heliograph.Navigation{From: r.FormValue("from"), To: r.FormValue("to"), Route: r.FormValue("route")})
	})
	mux.HandleFunc("POST /lifecycle", func(_ http.ResponseWriter, r *http.Request) { a.Lifecycle(heliograph.State(r.FormValue("state"))) })
	mux.HandleFunc("POST /tree", a.serveTree)
	mux.HandleFunc("POST /alert", a.serveAlert)
	mux.HandleFunc("POST /panic", func(_ http.ResponseWriter, r *http.Request) {
		defer a.RecoverPanic()
		panic(r.FormValue("text"))
	})
	mux.HandleFunc("POST /profile", a.serveProfile)
	mux.HandleFunc("POST /sensor/break", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case a.broken <- struct{}{}:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("POST /sensor/remove", func(_ http.ResponseWriter, r *http.Request) { a.RemoveSensor(r.FormValue("name")) })
	mux.HandleFunc("POST /sensor/running", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, a.running.Load()) })
}

// serveLog logs n records.
func (a *agent) serveLog(w http.ResponseWriter, r *http.Request) {
	var level slog.Level
	switch name := r.FormValue("level"); name {
	case "trace":
		level = slog.LevelDebug - 4
	case "warning":
		level = slog.LevelWarn
	case "critical":
		level = slog.LevelError + 4
	default:
		if err := level.UnmarshalText([]byte(name)); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	n, padding := number(r, "n", 1), strings.Repeat("x", number(r, "size", 0))
	for i := range n {
		text := r.FormValue("text")
		if n > 1 {
			text += strconv.Itoa(i)
		}
		a.log.Log(r.Context(), level, text+padding, "logger", r.FormValue("logger")) //nolint:sloglint // tests choose the text
	}
}

// serveBLE records n events; their data is that of the request or their number.
func (a *agent) serveBLE(_ http.ResponseWriter, r *http.Request) {
	n := number(r, "n", 1)
	for i := range n {
		e := heliograph.BLEEvent{
			Kind: r.FormValue("kind"), DeviceID: r.FormValue("device"), DeviceName: r.FormValue("name"), Service: r.FormValue("service"),
			Characteristic: r.FormValue("char"), Descriptor: r.FormValue("descriptor"), Data: r.FormValue("data"),
		}
		if r.Form.Has("rssi") {
			rssi := number(r, "rssi", 0)
			e.RSSI = &rssi
		}
		if n > 1 {
			e.DeviceID = strconv.Itoa(i)
			e.Data = strings.Repeat("A", number(r, "size", 0))
		}
		a.RecordBLE(e)
	}
}

// serveTree tells n changes.
func (a *agent) serveTree(_ http.ResponseWriter, r *http.Request) {
	padding := strings.Repeat("x", number(r, "size", 0))
	for i := range number(r, "n", 1) {
		a.TreeChange(heliograph.TreeChange{
			Change: heliograph.Change(r.FormValue("change")), ElementID: r.FormValue("id") + strconv.Itoa(i), ElementType: r.FormValue("type") + padding, ParentID: r.FormValue("parent"),
		})
	}
}

func (a *agent) serveAlert(_ http.ResponseWriter, r *http.Request) {
	alert := heliograph.Alert{Title: r.FormValue("title"), Message: r.FormValue("message")}
	if buttons := r.FormValue("buttons"); buttons != "" {
		alert.Buttons = strings.Split(buttons, ",")
	}
	a.Alert(alert)
}

// serveProfile records n markers, or spans.
func (a *agent) serveProfile(_ http.ResponseWriter, r *http.Request) {
	for i := range number(r, "n", 1) {
		name := r.FormValue("name") + strconv.Itoa(i)
		if r.FormValue("kind") == "marker" {
			a.Marker("test", name)
			continue
		}
		_, span := a.StartSpan(r.Context(), "test", name)
		span.End()
	}
}
