package logtext

import (
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// read is when all lines of the tests are read: a second after what they say.
func read() time.Time { return time.Date(2026, 3, 4, 9, 15, 31, 0, time.UTC) }

func TestParse(t *testing.T) {
	const w = "told nothing"
	for _, c := range []struct {
		name, line, level, category, message, exception string
	}{
		{"nothing", "listening on port 3000", w, "", "listening on port 3000", ""},
		{"sentence", "error opening the file", w, "", "error opening the file", ""},
		{"sentence with a colon", "note: this is fine", w, "", "note: this is fine", ""},
		{"colours", "\x1b[32minfo\x1b[39m: \x1b]0;title\x07ready \x1b[1mnow\x1b[0m", "info", "", "ready now", ""},
		{"progress", "10%\r20%\r100% done", w, "", "100% done", ""},

		{"slog json", `{"time":"2026-03-04T09:15:30.5Z","level":"WARN","msg":"retry","attempt":2,"of":"many tries"}`, "warning", "", `retry attempt=2 of="many tries"`, ""},
		{"slog json between", `{"time":"2026-03-04T09:15:30.5Z","level":"ERROR+4","msg":"gone"}`, "critical", "", "gone", ""},
		{"zap", `{"level":"error","ts":1772615730.5,"logger":"store.sqlite","caller":"a/b.go:12","msg":"failed","error":"disk full","stacktrace":"main.f\n\t/a/b.go:12"}`, "error", "store.sqlite", "failed caller=a/b.go:12", "disk full\nmain.f\n\t/a/b.go:12"},
		{"zerolog", `{"level":"debug","time":"2026-03-04T09:15:30Z","message":"cache","hit":true}`, "debug", "", "cache hit=true", ""},
		{"pino", `{"level":50,"time":1772615730123,"pid":7,"hostname":"box","name":"api","msg":"boom","err":{"type":"TypeError","message":"x is bad","stack":"TypeError: x is bad\n    at f (/a.js:1:2)"}}`, "error", "api", "boom", "TypeError: x is bad\n    at f (/a.js:1:2)"},
		{"bunyan", `{"name":"myapp","hostname":"box","pid":1,"level":30,"msg":"hi","time":"2026-03-04T09:15:30.123Z","v":0}`, "info", "myapp", "hi", ""},
		{"winston with colours", `{"level":"\u001b[33mwarn\u001b[39m","message":"slow","timestamp":"2026-03-04T09:15:30.123Z"}`, "warning", "", "slow", ""},
		{"logrus json", `{"level":"fatal","msg":"no","time":"2026-03-04T09:15:30Z"}`, "critical", "", "no", ""},
		{"python-json-logger", `{"asctime":"2026-03-04 09:15:30,123","levelname":"WARNING","name":"app.db","message":"slow","exc_info":"Traceback…"}`, "warning", "app.db", "slow", "Traceback…"},
		{"tracing json", `{"timestamp":"2026-03-04T09:15:30Z","level":"INFO","fields":{"message":"up","port":80},"target":"my::app"}`, "info", "my::app", "up port=80", ""},
		{"structlog", `{"event":"joined","level":"info","user":"x"}`, "info", "", "joined user=x", ""},
		{"gelf", `{"version":"1.1","short_message":"hello","level":4}`, "warning", "", "hello version=1.1", ""},
		{"ecs", `{"@timestamp":"2026-03-04T09:15:30Z","log.level":"error","message":"m","log.logger":"l"}`, "error", "l", "m", ""},
		{"json that is no log", `{"a":1,"b":[2,3]}`, w, "", `{"a":1,"b":[2,3]}`, ""},
		{"json that is cut", `{"level":"error","msg":"half`, w, "", `{"level":"error","msg":"half`, ""},

		{"slog text", `time=2026-03-04T09:15:30.123Z level=ERROR msg="not found" path=/x code=404`, "error", "", "not found path=/x code=404", ""},
		{"logrus text", `time="2026-03-04T09:15:30Z" level=warning msg="disk \"a\" is full" size=10`, "warning", "", `disk "a" is full size=10`, ""},

		{"go log", "2026/03/04 09:15:30 listening", w, "", "listening", ""},
		{"go log with a level", "2026/03/04 09:15:30 ERROR: no such thing", "error", "", "no such thing", ""},
		{"python basic", "WARNING:root:disk is full", "warning", "root", "disk is full", ""},
		{"python usual", "2026-03-04 09:15:30,123 - app.db - ERROR - connection lost", "error", "app.db", "connection lost", ""},
		{"python brackets", "[2026-03-04 09:15:30,123] [INFO] app: started", "info", "", "app: started", ""},
		{"gunicorn", "[2026-03-04 09:15:30 +0000] [123] [INFO] Booting worker", "info", "", "Booting worker", ""},
		{"uvicorn", "INFO:     Started server process [123]", "info", "", "Started server process [123]", ""},
		{"django", "[04/Mar/2026 09:15:30] \"GET / HTTP/1.1\" 200 5", w, "", "[04/Mar/2026 09:15:30] \"GET / HTTP/1.1\" 200 5", ""},
		{"zap console", "2026-03-04T09:15:30.123Z\tWARN\tstore.db\tstore/db.go:12\tslow query\t{\"ms\": 500}", "warning", "store.db", "slow query {\"ms\": 500}", ""},
		{"zap console without a name", "2026-03-04T09:15:30.123Z\tINFO\tstore/db.go:12\tslow query", "info", "", "slow query", ""},
		{"log4j", "2026-03-04 09:15:30,123 INFO [main] com.example.App - started in 3 s", "info", "com.example.App", "started in 3 s", ""},
		{"logback", "09:15:30.123 [main] DEBUG c.e.App - loading", "debug", "c.e.App", "loading", ""},
		{"spring", "2026-03-04T09:15:30.123Z  WARN 12345 --- [app] [           main] c.e.demo.App                : no profile", "warning", "c.e.demo.App", "no profile", ""},
		{"env_logger", "[2026-03-04T09:15:30Z INFO  my::app] ready", "info", "my::app", "ready", ""},
		{"tracing", "2026-03-04T09:15:30.123456Z ERROR my_app::db: lost id=3", "error", "my_app::db", "lost id=3", ""},
		{"zerolog console", "9:15AM WRN slow path=/x", "warning", "", "slow path=/x", ""},
		{"klog", "E0304 09:15:30.123456    1234 server.go:42] failed", "error", "server.go", "failed", ""},
		{"syslog", "Mar  4 09:15:30 box sshd[12]: error: closed", "error", "sshd", "closed", ""},
		{"systemd", "<3>it is broken", "error", "", "it is broken", ""},
		{"prefix", "ERROR: it is broken", "error", "", "it is broken", ""},
		{"capitals", "FATAL no memory", "critical", "", "no memory", ""},
		{"brackets", "[warn] slow", "warning", "", "slow", ""},
		{"brackets and a name", "[http] INFO started", "info", "http", "started", ""},
		{"level and a name", "DEBUG [store] opened", "debug", "store", "opened", ""},
		{"lower case", "warning: unused variable", "warning", "", "unused variable", ""},
		{"pipes", "2026-03-04 09:15:30 | INFO | app.main | up", "info", "", "app.main | up", ""},
		{"npm", "npm ERR! code ENOENT", "error", "npm", "code ENOENT", ""},
		{"node's warning", "(node:123) [DEP0005] DeprecationWarning: Buffer() is old", "warning", "node", "(node:123) [DEP0005] DeprecationWarning: Buffer() is old", ""},
		{"python's warning", "/a/b.py:3: UserWarning: careful", "warning", "warnings", "/a/b.py:3: UserWarning: careful", ""},
		{"error of javascript", "TypeError: x is not a function", "raised", "", "TypeError: x is not a function", ""},
		{"time of another day", "2020-01-01 00:00:00 was a day", w, "", "2020-01-01 00:00:00 was a day", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, told := Parse(c.line, recorder.Info, read())
			level := e.Level.String()
			switch {
			case !told && level == "error":
				level = "raised"
			case !told:
				level = w
			}
			if level != c.level || e.Category != c.category || e.Message != c.message || e.Exception != c.exception {
				t.Errorf("got  %s %q %q %q\nwant %s %q %q %q", level, e.Category, e.Message, e.Exception, c.level, c.category, c.message, c.exception)
			}
		})
	}
}

func TestTimes(t *testing.T) {
	said := time.Date(2026, 3, 4, 9, 15, 30, 123e6, time.UTC)
	for line, want := range map[string]time.Time{
		`{"time":"2026-03-04T09:15:30.123Z","level":"info","msg":"x"}`: said,
		`{"time":1772615730123,"level":30,"msg":"x"}`:                  said,
		`{"ts":1772615730.5,"level":"info","msg":"x"}`:                 said.Add(377 * time.Millisecond),
		`{"ts":1772615730500000000,"level":"info","msg":"x"}`:          said.Add(377 * time.Millisecond),
		`2026-03-04T10:15:30.123+01:00 INFO x`:                         said,
		`2026-03-04T09:15:40.123Z INFO from the future`:                read(),
		`2026-03-04T02:15:40.123Z INFO of another hour`:                read(),
		`no time`: read(),
	} {
		if e, _ := Parse(line, recorder.Info, read()); e.Time.Sub(want).Abs() > time.Microsecond {
			t.Errorf("%s: %v, want %v", line, e.Time, want)
		}
	}
}

func FuzzAssembler(f *testing.F) {
	for _, seed := range []string{"INFO x\n    at y\n", "Traceback (most recent call last):\n  File\nE: x\n", `{"level":1e99,"msg":null,"err":{}}`, "[[[]] \t|", "panic: x\n\ngoroutine 1 [running]:\n", "<3>", "/a:1\n^\n", "\x1b[", "\x1b]x\x1b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n := 0
		a := Assembler{Fallback: recorder.Warning, Emit: func(e recorder.LogEntry) {
			n++
			if strings.ContainsRune(e.Message, 0x1b) && !strings.Contains(text, "{") {
				t.Errorf("an escape is left in %q", e.Message)
			}
			if e.Level < recorder.Trace || e.Level > recorder.Critical {
				t.Errorf("level %d", e.Level)
			}
		}}
		lines := strings.Split(text, "\n")
		for _, line := range lines {
			a.Line(line, read())
		}
		a.Flush()
		if a.Pending() || n > len(lines) {
			t.Errorf("%d entries of %d lines", n, len(lines))
		}
	})
}
