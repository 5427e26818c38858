package heliograph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestWhatBuildSays(t *testing.T) {
	setting := func(pairs ...string) (s []debug.BuildSetting) {
		for i := 0; i < len(pairs); i += 2 {
			s = append(s, debug.BuildSetting{Key: pairs[i], Value: pairs[i+1]})
		}
		return s
	}
	for _, test := range []struct {
		info                       debug.BuildInfo
		name, version, id, ofAgent string
	}{
		{debug.BuildInfo{}, "", "", "", ""},
		{debug.BuildInfo{Path: "test.example/orders/cmd/orders", Main: debug.Module{Path: "test.example/orders", Version: "v2.4.0"},
			Deps: []*debug.Module{{Path: modulePath, Version: "v1.2.3"}}}, "orders", "v2.4.0", "test.example/orders/cmd/orders", "1.2.3"},
		{debug.BuildInfo{Path: "test.example/orders/v2", Main: debug.Module{Version: "(devel)"}, Settings: setting("vcs.revision", "0123456789abcdef", "vcs.modified", "true")},
			"orders", "0123456789ab+dirty", "test.example/orders/v2", ""},
		{debug.BuildInfo{Path: "command-line-arguments"}, "", "", "", ""},
		{debug.BuildInfo{Path: "v2"}, "v2", "", "v2", ""},
		{debug.BuildInfo{Path: "x", Deps: []*debug.Module{{Path: modulePath, Version: "v1.0.0", Replace: &debug.Module{Path: "../h", Version: "(devel)"}}}}, "x", "", "x", ""},
	} {
		app, version := fromBuild(&test.info)
		if app.Name != test.name || app.Version != test.version || app.PackageID != test.id || version != test.ofAgent {
			t.Errorf("%q: %+v, agent %q", test.info.Path, app, version)
		}
	}
}

func TestStatus(t *testing.T) {
	v := newViewer(t, &Options{Name: "orders", Version: "2.4.0", PackageID: "test.orders", SessionID: "s1"})
	type status struct {
		Agent struct{ Name, Framework, SessionID string }
		App   struct {
			Name, Version, PackageID string
			ProcessID                int
		}
		Device       struct{ OSVersion string }
		Capabilities map[string]bool
		Running      bool
	}
	s := get[status](v, "/api/v1/agent/status")
	if s.App.Name != "orders" || s.App.Version != "2.4.0" || s.App.PackageID != "test.orders" || s.App.ProcessID != os.Getpid() ||
		s.Agent.Name != "heliograph-go" || s.Agent.Framework != "go" || s.Agent.SessionID != "s1" || !s.Running || !s.Capabilities["profiler"] {
		t.Errorf("%+v", s)
	}
	v = newViewer(t, nil)
	if s := get[status](v, "/api/v1/agent/status"); s.App.Name == "" || s.App.PackageID == "" || s.Device.OSVersion == "" {
		t.Errorf("%+v", s)
	}
	if status, _ := v.do("GET", "/other", ""); status != 404 {
		t.Errorf("another path: %d", status)
	}
}

func TestLogsOnDemand(t *testing.T) {
	v := newViewer(t, nil)
	log := slog.New(v.agent.SlogHandler(nil))
	log.Info("nobody looks")
	log.Warn("kept")
	s := v.dial("/ws/v1/logs?level=debug")
	if m := s.next(); m.Type != "replay" || len(m.Data["entries"].([]any)) != 1 {
		t.Errorf("%+v", m)
	}
	log.Debug("seen", "token", "s3cr3t", "n", 1, "body", `{"password":"s3cr3t"}`)
	entry := s.next().Data["entry"].(map[string]any)
	if entry["message"] != `seen token=*** n=1 body="{\"password\":\"***\"}"` || entry["level"] != "debug" || entry["source"] != "native" {
		t.Errorf("%+v", entry)
	}
	revealing := newViewer(t, &Options{Reveal: true, KeepLevel: slog.LevelDebug})
	slog.New(revealing.agent.SlogHandler(nil)).Debug("x", "token", "s3cr3t")
	if status, text := revealing.do("GET", "/api/v1/logs?level=trace", ""); status != 200 || !strings.Contains(text, "token=s3cr3t") {
		t.Errorf("%d %s", status, text)
	}
}

// TestDefaultHandlerIsNotWrapped: to wrap it and to set the result as the default
// would make the first record wait for itself.
func TestDefaultHandlerIsNotWrapped(t *testing.T) {
	for _, a := range []*Agent{nil, New(nil)} {
		defer a.Close()
		h := a.SlogHandler(slog.Default().Handler())
		if got := fmt.Sprintf("%T %+v", h, h); strings.Contains(got, "defaultHandler") {
			t.Error(got)
		}
	}
}

func TestNetworkAndSecrets(t *testing.T) {
	v := newViewer(t, &Options{Secrets: []string{"loyalty"}, Limits: Limits{BodyBytes: 60}})
	server := httptest.NewServer(v.agent.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"loyalty":"s3cr3t","ok":true,"more":"`+strings.Repeat("x", 100)+`"}`)
	})))
	defer server.Close()
	client := &http.Client{Transport: v.agent.RoundTripper(nil)}
	defer client.CloseIdleConnections()
	s := v.dial("/ws/v1/network")
	s.next()
	resp, err := client.Get(server.URL + "/x?api_key=s3cr3t")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	for range 2 { // what was made, and what was served
		entry := s.next().Data["entry"].(map[string]any)
		if entry["path"] != "/x" || entry["statusCode"] != 200.0 {
			t.Errorf("%+v", entry)
		}
		_, text := v.do("GET", "/api/v1/network/requests/"+entry["id"].(string), "")
		if strings.Contains(text, "s3cr3t") || !strings.Contains(text, `"responseBodyTruncated":true`) {
			t.Error(text)
		}
	}
}

func TestProfiler(t *testing.T) {
	v := newViewer(t, nil)
	if _, span := v.agent.StartSpan(t.Context(), "k", "n"); span != nil {
		t.Error("a span without a session")
	}
	v.do("POST", "/api/v1/profiler/sessions", `{"sampleIntervalMs":50}`)
	ctx, outer := v.agent.StartSpan(t.Context(), "db", "load", slog.Int("n", 1), slog.String("password", "x"), slog.Group("g", slog.Any("err", io.EOF)))
	_, inner := v.agent.StartSpan(ctx, "", "parse", slog.String("big", strings.Repeat("x", 1<<16)), slog.Bool("ok", true))
	outer.SetScreen("/orders")
	inner.Fail(fmt.Errorf("give up: %w", context.Canceled))
	inner.End()
	outer.Fail(errors.New("token=s3cr3t"))
	outer.End()
	outer.End()
	v.agent.Marker("cache", "miss", slog.Any("f", func() {}), slog.Float64("v", 1.5))
	v.agent.Marker("", "bare")
	type span struct{ SpanID, ParentSpanID, Kind, Name, Status, Screen, Error, TagsJSON string }
	type batch struct {
		Samples []struct {
			ManagedBytes int64
			ThreadCount  *int
			CPUPercent   *float64
		}
		Markers []struct{ Type, Name, PayloadJSON string }
		Spans   []span
	}
	var b batch
	poll(t, "a sample", func() bool {
		b = get[batch](v, "/api/v1/profiler/sessions/current/samples")
		return len(b.Samples) > 0
	})
	if len(b.Spans) != 2 {
		t.Fatalf("%+v", b.Spans)
	}
	parse, load := b.Spans[0], b.Spans[1]
	if load.Kind != "db" || load.Status != "error" || load.Screen != "/orders" || strings.Contains(load.Error, "s3cr3t") ||
		load.TagsJSON != `{"n":1,"password":"***","g":{"err":"EOF"}}` {
		t.Errorf("%+v", load)
	}
	if parse.ParentSpanID != load.SpanID || parse.Kind != "ui.operation" || parse.Status != "cancelled" || parse.TagsJSON != `{"omitted":1,"ok":true}` {
		t.Errorf("%+v", parse)
	}
	if s := b.Samples[0]; s.ManagedBytes <= 0 || s.ThreadCount == nil || s.CPUPercent == nil {
		t.Errorf("%+v", s)
	}
	types := ""
	for _, m := range b.Markers {
		if m.Type == "cache" && (!json.Valid([]byte(m.PayloadJSON)) || !strings.HasSuffix(m.PayloadJSON, `"v":1.5}`)) {
			t.Errorf("%+v", m)
		}
		types += m.Type + " "
	}
	if !strings.Contains(types, "cache user.action") || !strings.Contains(types, "runtime.go") {
		t.Error(types)
	}
}

func TestUserInterface(t *testing.T) {
	v := newViewer(t, nil)
	v.agent.Navigate(Navigation{To: "/start"})
	v.agent.TreeChange(TreeChange{Change: Added, ElementID: "none", ElementType: "X"}) // nobody looks
	s := v.dial("/ws/v1/ui/events")
	if m := s.next(); m.Type != "lifecycle" || m.Data["state"] != "started" {
		t.Errorf("%+v", m)
	}
	if m := s.next(); m.Type != "navigation" || m.Data["to"] != "/start" {
		t.Errorf("%+v", m)
	}
	v.agent.Lifecycle(Paused)
	v.agent.Lifecycle("nonsense")
	v.agent.Navigate(Navigation{To: "/orders/7", Route: "/orders/{id}"})
	v.agent.TreeChange(TreeChange{Change: Removed, ElementID: "e1", ElementType: "Button", ParentID: "root"})
	v.agent.Alert(Alert{Title: "Sure?", Buttons: []string{"Yes"}})
	func() {
		defer v.agent.RecoverPanic()
		panic(errors.New("no: password=s3cr3t"))
	}()
	for _, want := range []string{
		`lifecycle {"state":"paused"}`, `navigation {"from":"/start","route":"/orders/{id}","to":"/orders/7"}`,
		`treeChange {"changeType":"removed","elementId":"e1","elementType":"Button","parentId":"root"}`,
		`alert {"buttons":["Yes"],"message":null,"title":"Sure?"}`, `error {"message":"no: password=***"}`,
	} {
		m := s.next()
		delete(m.Data, "timestamp")
		if stack, ok := m.Data["stackTrace"].(string); ok && strings.Contains(stack, "TestUserInterface") {
			delete(m.Data, "stackTrace")
		}
		text, _ := json.Marshal(m.Data)
		if got := m.Type + " " + string(text); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	type entry struct{ Level, Category, Message, Exception string }
	if e := get[[]entry](v, "/api/v1/logs"); len(e) != 1 || e[0].Level != "critical" || e[0].Message != "panic: no: password=***" || e[0].Exception == "" {
		t.Errorf("%+v", e)
	}
}

func TestBluetooth(t *testing.T) {
	v := newViewer(t, nil)
	rssi := -61
	v.agent.RecordBLE(BLEEvent{Kind: BLENotification, DeviceID: "C4:7C:8D:6A:11:02", Service: "180D", Characteristic: "2A37", Data: "064B", RSSI: &rssi})
	v.agent.RecordBLE(BLEEvent{})
	_, text := v.do("GET", "/api/v1/device/ble/events", "")
	if !strings.Contains(text, `"count":1`) || !strings.Contains(text, `"characteristicUuid":"2A37"`) || !strings.Contains(text, `"rssi":-61`) {
		t.Error(text)
	}
}

func TestNilAgent(t *testing.T) {
	var a *Agent
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.ListenAndServe(ctx); err != nil {
		t.Error(err)
	}
	next := slog.DiscardHandler
	if a.SlogHandler(next) != slog.Handler(next) || a.SlogHandler(nil) == nil {
		t.Error("another handler")
	}
	if a.RoundTripper(nil) != http.DefaultTransport || a.RoundTripper(http.NewFileTransport(nil)) == http.DefaultTransport {
		t.Error("another transport")
	}
	called := false
	h := a.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	h.ServeHTTP(nil, nil)
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/logs", nil))
	if !called || w.Code != 404 {
		t.Errorf("called: %t, status %d", called, w.Code)
	}
	_, span := a.StartSpan(ctx, "k", "n")
	span.SetScreen("s")
	span.SetAttrs(slog.Int("n", 1))
	span.Fail(io.EOF)
	span.End()
	a.Marker("k", "n")
	a.Lifecycle(Paused)
	a.Navigate(Navigation{})
	a.TreeChange(TreeChange{})
	a.Alert(Alert{})
	a.ReportPanic("x")
	a.RecordBLE(BLEEvent{Kind: "x"})
	a.RemoveSensor("x")
	if err := errors.Join(a.AddSensor(Sensor{}), a.Close()); err != nil || a.Addr() != "" || a.Profiling() || a.Watched() {
		t.Error(err)
	}
	func() {
		defer a.RecoverPanic()
		panic("ends")
	}()
}

func TestCloseEndsEverything(t *testing.T) {
	v := serving(t, Options{})
	s := v.dial("/ws/v1/logs")
	s.next()
	log := slog.New(v.agent.SlogHandler(nil))
	ended := make(chan error)
	go func() {
		_, _, err := s.c.Read(context.WithoutCancel(t.Context()))
		ended <- err
	}()
	if err := v.agent.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("the client got %v", err)
	}
	log.Error("dropped")
	if err := v.agent.ListenAndServe(t.Context()); err != nil || v.agent.Addr() != "" {
		t.Errorf("after the end: %v, %q", err, v.agent.Addr())
	}
	if err := v.agent.Close(); err != nil {
		t.Error(err)
	}
}
