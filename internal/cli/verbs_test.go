package cli

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

const stamp = `"sent-at":"2031-02-27T13:46:40.000Z"`

func TestVersion(t *testing.T) {
	r := line{}.run(t, "version")
	if !strings.HasPrefix(r.out, "heliograph 1.2.3 go1.") {
		t.Errorf("got %q", r.out)
	}
	if o := lines(t, line{}.run(t, "version", "--json").out); len(o) != 1 || o[0]["version"] != "1.2.3" || o[0]["platform"] == nil {
		t.Errorf("got %v", o)
	}
}

func TestWatchPrintsMessages(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		for _, v := range []string{"1", "2", "3"} {
			c.Send(`{"cmd":"device.telemetry","payload":{"timestamp_ms":` + v + `,"big":9007199254740993},` + stamp + `}`)
		}
		c.Wait()
	})
	r := run(t, s, "watch", "device.telemetry", "--json", "--count", "2")
	r.want(t, ExitOK)
	if r.out != `{"timestamp_ms":1,"big":9007199254740993}`+"\n"+`{"timestamp_ms":2,"big":9007199254740993}`+"\n" {
		t.Errorf("got %q", r.out)
	}
	r = run(t, s, "watch", "device.telemetry", "--for", "200ms")
	r.want(t, ExitOK)
	if strings.Count(r.out, "device.telemetry {\n") != 3 {
		t.Errorf("got %q", r.out)
	}
}

func TestWatchSendsParameters(t *testing.T) {
	s := fakehelios.New(t)
	var got string
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		_, data, _ := c.Receive()
		got = string(data)
		c.Send(`{"cmd":"channel.closed","payload":{"cmd":"sensors.stream","reason":"ended"},` + stamp + `}`)
		c.Wait()
	})
	run(t, s, "watch", "sensors.stream", "op=subscribe", `kinds=["imu"]`, "interval_ms=100", "follow=false", `output="12"`, "x=a b").want(t, ExitOK)
	for _, part := range []string{`"op":"subscribe"`, `"kinds":["imu"]`, `"interval_ms":100`, `"follow":false`, `"output":"12"`, `"x":"a b"`} {
		if !strings.Contains(got, part) {
			t.Errorf("%s lacks %s", got, part)
		}
	}
}

func TestWatchOfNothing(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"channel.error","payload":{"cmd":"a.b","code":"unknown_cmd","message":"no such channel"},` + stamp + `}`)
		c.Wait()
	})
	run(t, s, "watch", "a.b").want(t, ExitNotFound, "no such channel", "heliograph channels")
}

func TestWatchTellsGaps(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"device.telemetry","payload":{"timestamp_ms":1},` + stamp + `}`)
		if s.Opened.Load() == 1 {
			s.CutAll()
			return
		}
		c.Wait()
	})
	o := lines(t, run(t, s, "watch", "device.telemetry", "--json", "--count", "2").out)
	if len(o) != 4 {
		t.Fatalf("got %v", o)
	}
	lost, back := o[1]["gap"].(map[string]any), o[2]["gap"].(map[string]any)
	if lost["until"] != nil || lost["cause"] == "" || back["until"] == nil || back["since"] != lost["since"] {
		t.Errorf("lost %v, back %v", lost, back)
	}
}

func TestStreamingVerbsEndCleanlyWhenStopped(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws", func(c *fakehelios.Conn) {
		c.Receive()
		c.Send(`{"cmd":"x.y","payload":{},` + stamp + `}`)
		c.Wait()
	})
	ctx, stop := context.WithCancel(t.Context())
	var out, errs buffer
	root := New(BuildInfo{}, Deps{}, Streams{Out: &out, Err: &errs})
	done := make(chan int)
	go func() { done <- Execute(ctx, root, []string{"watch", "x.y", "--server", s.URL}) }()
	until(t, "a message", func() bool { return out.String() != "" })
	stop()
	if code := <-done; code != ExitOK || errs.String() != "" {
		t.Errorf("code %d, stderr %q", code, errs.String())
	}
}

func TestLogs(t *testing.T) {
	s := fakehelios.New(t)
	var query string
	s.Socket("/v1/ws/logs", func(c *fakehelios.Conn) {
		query = c.Request.URL.RawQuery
		switch c.Query("source") {
		case "nope":
			c.Send(`{"type":"error","message":"unknown log source: nope"}`)
		case "breaks":
			c.Send(`{"type":"ready","source":{"id":"breaks"}}`, `{"type":"line","timestamp_ms":1,"line":"last"}`,
				`{"type":"error","message":"log process failed"}`, `{"type":"eof"}`)
		default:
			c.Send(`{"type":"ready","source":{"id":"journal"}}`, `{"type":"line","timestamp_ms":1,"line":"one"}`,
				`{"type":"line","timestamp_ms":2,"line":"two\u001b[31m","future":true}`, `{"type":"eof"}`)
		}
	})
	r := run(t, s, "logs", "journal", "-n", "5")
	r.want(t, ExitOK)
	if r.out != "one\ntwo\x1b[31m\n" || query != "follow=false&lines=5&source=journal" {
		t.Errorf("out %q, query %s", r.out, query)
	}
	if o := lines(t, run(t, s, "logs", "--json").out); len(o) != 2 || o[1]["line"] != "two\x1b[31m" || o[1]["timestamp_ms"] != 2.0 {
		t.Errorf("got %v", o)
	}
	run(t, s, "logs", "nope").want(t, ExitNotFound, "unknown log source: nope", "logs --list")
	r = run(t, s, "logs", "breaks")
	r.want(t, ExitFailure, "log process failed")
	if r.out != "last\n" {
		t.Errorf("out %q", r.out)
	}
}

func TestLogSources(t *testing.T) {
	s := fakehelios.New(t)
	sources := []any{map[string]any{"id": "journal", "label": "System journal", "group": "System", "kind": "journal_system"},
		map[string]any{"id": "unit:a.service", "label": "a", "group": "Helios", "kind": "journal_unit", "unit": "a.service",
			"status": map[string]any{"active_state": "active", "sub_state": "running"}}}
	s.JSON("GET /v1/device/logs/sources", map[string]any{"sources": sources})
	r := run(t, s, "logs", "--list")
	r.want(t, ExitOK)
	if !strings.Contains(r.out, "unit:a.service") || !strings.Contains(r.out, "active (running)") {
		t.Errorf("got %q", r.out)
	}
	s.JSON("GET /v1/device/logs/sources", sources) // very old servers
	if o := lines(t, run(t, s, "logs", "--list", "--json").out); len(o) != 2 || o[0]["id"] != "journal" {
		t.Errorf("got %v", o)
	}
}

func TestLogDownload(t *testing.T) {
	s := fakehelios.New(t)
	cut := false
	s.HTTP("GET /v1/device/logs/download", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("source") == "nope" {
			http.Error(w, "unknown log source", http.StatusBadRequest)
			return
		}
		_, _ = w.Write([]byte("a\nb\n"))
		if cut {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	name := filepath.Join(t.TempDir(), "x.log")
	run(t, s, "logs", "dmesg", "--download", name).want(t, ExitOK, "wrote 4 bytes")
	if data, _ := os.ReadFile(name); string(data) != "a\nb\n" {
		t.Errorf("file %q", data)
	}
	if r := run(t, s, "logs", "-o", "-"); r.out != "a\nb\n" {
		t.Errorf("got %+v", r)
	}
	run(t, s, "logs", "nope", "-o", "-").want(t, ExitNotFound, "unknown log source")
	run(t, s, "logs", "-o", "/dev/null").want(t, ExitOK)
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Error("the device was replaced by a file")
	}
	cut = true
	broken := filepath.Join(t.TempDir(), "broken.log")
	run(t, s, "logs", "-o", broken).want(t, ExitFailure, "write the log")
	if left, _ := filepath.Glob(broken + "*"); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

const document = `{"asyncapi":"3.0.0","channels":{
 "device.telemetry":{"address":"device.telemetry","messages":{"device_telemetry":{"summary":"Device telemetry","payload":{"$ref":"#/components/schemas/Req"}}}},
 "circle":{"messages":{"circle":{"$ref":"#/components/messages/circle"}}},
 "bare":{}},
 "components":{"messages":{"circle":{"$ref":"#/components/messages/circle"}},"schemas":{
  "Req":{"properties":{"payload":{"$ref":"#/components/schemas/P~1"}}},
  "P/":{"properties":{"interval_ms":{"type":"integer","default":1000}}}}}}`

func TestChannelsAndDocument(t *testing.T) {
	s := fakehelios.New(t)
	s.HTTP("GET /asyncapi.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(document)) })
	r := run(t, s, "channels")
	r.want(t, ExitOK)
	if !strings.Contains(r.out, "device.telemetry  interval_ms=1000  Device telemetry") || !strings.Contains(r.out, "circle") {
		t.Errorf("got %q", r.out)
	}
	if o := lines(t, run(t, s, "channels", "--json").out); len(o) != 3 || o[0]["name"] != "bare" {
		t.Errorf("got %v", o)
	}
	if o := lines(t, run(t, s, "asyncapi", "--json").out); len(o) != 1 || o[0]["asyncapi"] != "3.0.0" {
		t.Errorf("got %v", o)
	}
	if r := run(t, s, "asyncapi"); !strings.Contains(r.out, "  \"asyncapi\": \"3.0.0\"") {
		t.Errorf("got %q", r.out)
	}
	run(t, s, "asyncapi", "--embedded").want(t, ExitFailure, "no AsyncAPI document is built in")
	s.HTTP("GET /asyncapi.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
	run(t, s, "channels").want(t, ExitFailure, "not JSON")
}

func FuzzReadChannels(f *testing.F) {
	f.Add([]byte(document))
	f.Add([]byte(`{"channels":{"a":{"messages":{"$ref":"#/"}}}}`))
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = readChannels(data) })
}

func TestTokenVerbs(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := line{}.run(t, "token", "create", "laptop", "--scope", "console", "--state-dir", dir)
	r.want(t, ExitOK, `made token "laptop" with scope console`)
	secret := strings.TrimSpace(r.out)
	if len(secret) < 32 || strings.ContainsAny(secret, " \n") {
		t.Fatalf("token %q", secret)
	}
	line{}.run(t, "token", "create", "laptop", "--state-dir", dir).want(t, ExitFailure, "exists")
	list := line{}.run(t, "token", "list", "--state-dir", dir).out
	if !strings.Contains(list, "laptop") || !strings.Contains(list, "console") || strings.Contains(list, secret) {
		t.Errorf("list %q", list)
	}
	if o := lines(t, line{}.run(t, "token", "list", "--json", "--state-dir", dir).out); len(o) != 1 || o[0]["name"] != "laptop" {
		t.Errorf("list %v", o)
	}
	line{}.run(t, "token", "revoke", "laptop", "--state-dir", dir).want(t, ExitOK, "revoked")
	line{}.run(t, "token", "revoke", "laptop", "--state-dir", dir).want(t, ExitNotFound, "no token")
}

// noContent answers 204 and notes the path.
func noContent(path *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*path = r.URL.Path
		w.WriteHeader(http.StatusNoContent)
	}
}
