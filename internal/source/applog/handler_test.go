package applog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// newTest returns a recorder that wants everything.
func newTest(t testing.TB, mode recorder.Mode) *recorder.Recorder {
	r := recorder.New(recorder.Options{Mode: mode})
	t.Cleanup(r.Close)
	return r
}

// catcher calls a function for each entry that a handler makes, before it is
// recorded and gets a time.
type catcher struct {
	*Handler
	caught *recorder.LogEntry
}

func (c catcher) Handle(_ context.Context, r slog.Record) error {
	*c.caught = c.entry(r)
	return nil
}

func (c catcher) WithAttrs(a []slog.Attr) slog.Handler {
	c.Handler = c.Handler.WithAttrs(a).(*Handler)
	return c
}

func (c catcher) WithGroup(name string) slog.Handler {
	c.Handler = c.Handler.WithGroup(name).(*Handler)
	return c
}

func TestSlogRules(t *testing.T) {
	var e recorder.LogEntry
	slogtest.Run(t, func(t *testing.T) slog.Handler {
		return catcher{New(Options{Logs: newTest(t, recorder.Always).Logs}), &e}
	}, func(t *testing.T) map[string]any { return parsed(t, e) })
}

// parsed reads an entry back: "message key=value group.key=value".
func parsed(t *testing.T, e recorder.LogEntry) map[string]any {
	found := map[string]any{slog.LevelKey: e.Level.String()}
	if !e.Time.IsZero() {
		found[slog.TimeKey] = e.Time
	}
	words := strings.Split(e.Message, " ")
	found[slog.MessageKey] = words[0]
	for _, word := range words[1:] {
		path, value, ok := strings.Cut(word, "=")
		if !ok {
			t.Errorf("%q is no attribute in %q", word, e.Message)
		}
		at := found
		keys := strings.Split(path, ".")
		for _, group := range keys[:len(keys)-1] {
			inner, ok := at[group].(map[string]any)
			if !ok {
				inner = map[string]any{}
				at[group] = inner
			}
			at = inner
		}
		at[keys[len(keys)-1]] = value
	}
	return found
}

type account struct{ name string }

func (a account) LogValue() slog.Value {
	return slog.GroupValue(slog.String("name", a.name), slog.String("password", "hunter2"))
}

type bad struct{}

func (*bad) Error() string { panic("no") }

func TestEntry(t *testing.T) {
	_, missing := os.Open("/does/not/exist")
	wrapped := fmt.Errorf("load settings: %w", missing)
	secret := func(name string) bool { return name == "password" }
	redact := func(s string) string { return strings.ReplaceAll(s, "hunter2", "***") }
	for _, test := range []struct {
		name string
		log  func(*slog.Logger)
		want recorder.LogEntry
	}{
		{"plain", func(l *slog.Logger) { l.Info("ready", "port", 80, "name", "a b", "empty", "", "on", true) },
			recorder.LogEntry{Level: recorder.Info, Message: `ready port=80 name="a b" empty="" on=true`}},
		{"component", func(l *slog.Logger) { l.Warn("slow", "component", "store") },
			recorder.LogEntry{Level: recorder.Warning, Category: "store", Message: "slow"}},
		{"logger of With", func(l *slog.Logger) { l.With("logger", "db", "shard", 3).Debug("query") },
			recorder.LogEntry{Level: recorder.Debug, Category: "db", Message: "query shard=3"}},
		{"record before With", func(l *slog.Logger) { l.With("logger", "db").Info("query", "logger", "db.pool") },
			recorder.LogEntry{Level: recorder.Info, Category: "db.pool", Message: "query"}},
		{"groups", func(l *slog.Logger) { l.WithGroup("http").WithGroup("client").Info("sent", "bytes", 7) },
			recorder.LogEntry{Level: recorder.Info, Category: "http.client", Message: "sent http.client.bytes=7"}},
		{"component within a group is a value", func(l *slog.Logger) { l.Info("x", slog.Group("g", "component", "c")) },
			recorder.LogEntry{Level: recorder.Info, Message: "x g.component=c"}},
		{"component that is no text", func(l *slog.Logger) { l.Info("x", "component", 7) },
			recorder.LogEntry{Level: recorder.Info, Message: "x component=7"}},
		{"error", func(l *slog.Logger) { l.Error("failed", "err", wrapped) },
			recorder.LogEntry{Level: recorder.Error, Message: `failed err="load settings: open /does/not/exist: no such file or directory"`,
				Exception: "*fmt.wrapError: load settings: open /does/not/exist: no such file or directory\n" +
					"*fs.PathError: open /does/not/exist: no such file or directory\nsyscall.Errno: no such file or directory"}},
		{"joined errors of With", func(l *slog.Logger) { l.With("err", errors.Join(fs.ErrExist, fs.ErrClosed)).Error("failed") },
			recorder.LogEntry{Level: recorder.Error, Message: `failed err="file already exists\nfile already closed"`,
				Exception: "*errors.joinError: file already exists\nfile already closed\n*errors.errorString: file already exists\n*errors.errorString: file already closed"}},
		{"stack", func(l *slog.Logger) { l.Error("failed", "stack", "main.main()\n\tmain.go:1") },
			recorder.LogEntry{Level: recorder.Error, Message: "failed stack=…", Exception: "main.main()\n\tmain.go:1"}},
		{"LogValuer and secrets", func(l *slog.Logger) { l.Info("in hunter2", "who", account{"ann"}) },
			recorder.LogEntry{Level: recorder.Info, Message: "in *** who.name=ann who.password=***"}},
		{"LogValuer of With", func(l *slog.Logger) { l.With("who", account{"ann"}).Info("in") },
			recorder.LogEntry{Level: recorder.Info, Message: "in who.name=ann who.password=***"}},
		{"secret within a quoted value", func(l *slog.Logger) { l.Info("got", "body", `{"x":"hunter2"}`) },
			recorder.LogEntry{Level: recorder.Info, Message: `got body="{\"x\":\"***\"}"`}},
		{"levels", func(l *slog.Logger) { l.Log(context.Background(), slog.LevelError+4, "down") },
			recorder.LogEntry{Level: recorder.Critical, Message: "down"}},
		{"below debug", func(l *slog.Logger) { l.Log(context.Background(), slog.LevelDebug-1, "in") },
			recorder.LogEntry{Level: recorder.Trace, Message: "in"}},
		{"bytes, times, any", func(l *slog.Logger) {
			l.Info("x", "b", []byte("ab"), "t", time.Unix(0, 0).UTC(), "s", struct{ A int }{1}, "n", nil)
		}, recorder.LogEntry{Level: recorder.Info, Message: `x b=ab t=1970-01-01T00:00:00Z s={A:1} n=<nil>`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got recorder.LogEntry
			h := New(Options{Logs: newTest(t, recorder.Always).Logs, Secret: secret, Redact: redact})
			test.log(slog.New(catcher{h, &got}))
			if got.Time.IsZero() {
				t.Error("no time")
			}
			got.Time = time.Time{}
			if got != test.want {
				t.Errorf("got  %#v\nwant %#v", got, test.want)
			}
		})
	}
}

// TestHostileValues has what must not bring the program down.
func TestHostileValues(t *testing.T) {
	rec := newTest(t, recorder.Always)
	l := slog.New(New(Options{Logs: rec.Logs}))
	var none *bad
	l.Error("bad error", "err", &bad{}, "nil", none, "big", strings.Repeat("x", 1<<20), "key with = and \"", 1) //nolint:sloglint // this is what is tested
	l.With("err", &bad{}).Error("bad With")
	for _, e := range rec.Logs.Held() {
		if len(e.Value.Message) > 80<<10 || !strings.HasPrefix(e.Value.Message, "bad ") {
			t.Errorf("%d bytes: %.100q", len(e.Value.Message), e.Value.Message)
		}
	}
	if n := len(rec.Logs.Held()); n != 2 {
		t.Errorf("%d entries", n)
	}
}

// TestValuesOfWithAreFormattedAtOnce: what a pointer points to may change while the
// logger is in use.
func TestValuesOfWithAreFormattedAtOnce(t *testing.T) {
	rec := newTest(t, recorder.Always)
	state := &struct{ N int }{1}
	l := slog.New(New(Options{Logs: rec.Logs})).With("state", state)
	state.N = 2
	l.Info("x")
	if got := rec.Logs.Held()[0].Value.Message; got != "x state=&{N:1}" {
		t.Error(got)
	}
}

func TestNextHandler(t *testing.T) {
	for _, mode := range []recorder.Mode{recorder.Always, recorder.OnDemand} {
		rec := newTest(t, mode)
		var out, plain bytes.Buffer
		noTime := &slog.HandlerOptions{ReplaceAttr: func(g []string, a slog.Attr) slog.Attr {
			if len(g) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}
		say := func(l *slog.Logger) {
			l.Debug("not for the next")
			l = l.With("a", 1).WithGroup("g").With("b", 2, "component", "c")
			l.Info("text", "c", 3)
			l.Error("problem", "err", errors.New("x"))
		}
		say(slog.New(New(Options{Logs: rec.Logs, Next: slog.NewTextHandler(&out, noTime)})))
		say(slog.New(slog.NewTextHandler(&plain, noTime)))
		if out.String() != plain.String() {
			t.Errorf("the next handler wrote\n%swant\n%s", out.String(), plain.String())
		}
		want := map[recorder.Mode]string{recorder.Always: "debug info error ", recorder.OnDemand: "error "}[mode]
		got := ""
		for _, e := range rec.Logs.Held() {
			got += e.Value.Level.String() + " "
		}
		if got != want {
			t.Errorf("mode %v: recorded %s, want %s", mode, got, want)
		}
	}
}

type failing struct{ slog.Handler }

func (failing) Handle(context.Context, slog.Record) error { return fs.ErrClosed }

func TestSkippedRecordsGoToNextOnly(t *testing.T) {
	rec := newTest(t, recorder.Always)
	var out bytes.Buffer
	l := slog.New(New(Options{Logs: rec.Logs, Next: slog.NewTextHandler(&out, nil), Skip: func(r slog.Record) bool { return r.Message == "skip" }}))
	l.Info("skip")
	l.Info("take")
	if held := rec.Logs.Held(); len(held) != 1 || held[0].Value.Message != "take" || strings.Count(out.String(), "msg=") != 2 {
		t.Errorf("%d entries, %s", len(held), out.String())
	}
}

func TestErrorOfNextIsReturned(t *testing.T) {
	h := New(Options{Logs: newTest(t, recorder.Always).Logs, Next: failing{slog.NewTextHandler(&bytes.Buffer{}, nil)}})
	if err := h.Handle(t.Context(), slog.NewRecord(time.Now(), slog.LevelInfo, "x", 0)); !errors.Is(err, fs.ErrClosed) {
		t.Error(err)
	}
}

func TestUnobservedAllocatesNothing(t *testing.T) {
	rec := newTest(t, recorder.OnDemand)
	l := slog.New(New(Options{Logs: rec.Logs}))
	through := slog.New(New(Options{Logs: rec.Logs, Next: discard{}}))
	for name, f := range map[string]func(){
		"disabled":   func() { l.Info("request", "id", 17, "path", "/x") },
		"unobserved": func() { through.Info("request", "id", 17, "path", "/x") },
	} {
		if n := testing.AllocsPerRun(1000, f); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	if n := len(rec.Logs.Held()); n != 0 {
		t.Errorf("%d entries", n)
	}
}

// discard is a next handler that costs nothing.
type discard struct{}

func (discard) Enabled(context.Context, slog.Level) bool  { return true }
func (discard) Handle(context.Context, slog.Record) error { return nil }
func (d discard) WithAttrs([]slog.Attr) slog.Handler      { return d }
func (d discard) WithGroup(string) slog.Handler           { return d }

func BenchmarkRecord(b *testing.B) {
	for _, mode := range []recorder.Mode{recorder.OnDemand, recorder.Always} {
		rec := newTest(b, mode)
		for name, next := range map[string]slog.Handler{"none": nil, "discard": discard{}} {
			l := slog.New(New(Options{Logs: rec.Logs, Next: next}))
			b.Run(fmt.Sprintf("observed=%t/next=%s", mode == recorder.Always, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					l.Info("request", "id", 17, "path", "/x")
				}
			})
		}
	}
	l := slog.New(discard{})
	b.Run("without", func(b *testing.B) {
		for b.Loop() {
			l.Info("request", "id", 17, "path", "/x")
		}
	})
}

func FuzzQuoted(f *testing.F) {
	f.Add("a b")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, s string) {
		q := quoted(s)
		if strings.ContainsAny(q, "\n") || !strings.HasPrefix(q, `"`) && strings.Contains(q, " ") {
			t.Errorf("%q", q)
		}
		if back, err := strconv.Unquote(q); err == nil && len(s) < maxText && back != s && q != s {
			t.Errorf("%q became %q", s, q)
		}
	})
}
