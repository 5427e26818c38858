package logtext

import (
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/recorder"
)

const (
	nodeUncaught = `/tmp/x/app.js:3
  throw new TypeError('boom', {cause: new Error('deep')});
  ^

TypeError: boom
    at f (/tmp/x/app.js:3:9)
    at Module._compile (node:internal/modules/cjs/loader:1521:14) {
  [cause]: Error: deep
      at f (/tmp/x/app.js:3:40)
}

Node.js v20.20.2`
	nodePrinted = `Error: ENOENT: no such file or directory, open '/none'
    at Object.openSync (node:fs:573:18)
    at Object.<anonymous> (/tmp/x/app.js:1:1) {
  errno: -2,
  code: 'ENOENT'
}`
	pythonChained = `Traceback (most recent call last):
  File "/tmp/app.py", line 2, in <module>
    {}["a"]
    ~~^^^^^
KeyError: 'a'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/tmp/app.py", line 4, in <module>
    raise ValueError("bad")
ValueError: bad`
	pythonLogged = `ERROR:app:it failed
Traceback (most recent call last):
  File "/tmp/app.py", line 4, in f
    1/0
ZeroDivisionError: division by zero`
	goPanicked = `panic: runtime error: index out of range [3] with length 0 [recovered]
	panic: again

goroutine 1 [running]:
main.f(...)
	/tmp/x/main.go:5
main.main()
	/tmp/x/main.go:9 +0x1d
exit status 2`
	goServed = `2026/03/04 09:15:30 http: panic serving 127.0.0.1:5: oops
goroutine 33 [running]:
net/http.(*conn).serve.func1()
	/usr/lib/go/src/net/http/server.go:1947 +0xbe
panic({0x6a2b60?, 0x7531b0?})
	/usr/lib/go/src/runtime/panic.go:787 +0x132
created by net/http.(*Server).Serve in goroutine 1
	/usr/lib/go/src/net/http/server.go:3454 +0x485`
	javaThrown = `Exception in thread "main" java.lang.IllegalStateException: no
	at com.example.App.main(App.java:5)
Caused by: java.lang.RuntimeException: deep
	at com.example.App.g(App.java:9)
	... 1 more`
)

func TestTracesAreOneEntry(t *testing.T) {
	for _, c := range []struct {
		name, text, level, message string
		lastOfMessage              bool // the first line is the message, the rest the exception
	}{
		{"node, not caught", nodeUncaught, "error", "TypeError: boom", false},
		{"node, printed", nodePrinted, "error", "Error: ENOENT: no such file or directory, open '/none'", false},
		{"python", pythonChained, "error", "ValueError: bad", false},
		{"python, logged", pythonLogged, "error", "it failed", true},
		{"go", goPanicked, "critical", "panic: runtime error: index out of range [3] with length 0 [recovered]", false},
		{"go, served", goServed, "error", "http: panic serving 127.0.0.1:5: oops", true},
		{"java", javaThrown, "error", `Exception in thread "main" java.lang.IllegalStateException: no`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []recorder.LogEntry
			a := Assembler{Fallback: recorder.Warning, Emit: func(e recorder.LogEntry) { got = append(got, e) }}
			a.Line("before", read())
			for line := range strings.SplitSeq(c.text, "\n") {
				a.Line(line, read())
			}
			if c.name != "go" { // after which nothing comes
				a.Line("INFO after", read())
			}
			a.Flush()
			if c.name == "go" {
				got = append(got, recorder.LogEntry{Message: "after"})
			}
			if len(got) != 3 || got[0].Message != "before" || got[0].Exception != "" || got[2].Message != "after" {
				t.Fatalf("%d entries: %+v", len(got), got)
			}
			want := c.text
			if c.lastOfMessage {
				_, want, _ = strings.Cut(c.text, "\n")
			}
			if e := got[1]; e.Level.String() != c.level || e.Message != c.message || e.Exception != want {
				t.Errorf("%s %q, exception:\n%s\nwant:\n%s", e.Level, e.Message, e.Exception, want)
			}
		})
	}
}

// Lines that only look like the beginning of a trace stay lines.
func TestNoTrace(t *testing.T) {
	var got []string
	a := Assembler{Fallback: recorder.Warning, Emit: func(e recorder.LogEntry) { got = append(got, e.Message) }}
	for _, line := range []string{"/tmp/a.txt:3", "one", "two", "", "three", "{", "  a: 1", "}"} {
		a.Line(line, read())
	}
	a.Flush()
	if s := strings.Join(got, "|"); s != "/tmp/a.txt:3|one|two|three|{|  a: 1|}" {
		t.Errorf("got %s", s)
	}
}

func TestTracesAreBounded(t *testing.T) {
	var got []recorder.LogEntry
	a := Assembler{Emit: func(e recorder.LogEntry) { got = append(got, e) }}
	a.Line("panic: x", read())
	for range 10 * maxTraceLines {
		a.Line("\t"+strings.Repeat("x", 100), read())
	}
	a.Flush()
	if len(got) != 1 || len(got[0].Exception) > maxTraceBytes {
		t.Errorf("%d entries of %d bytes", len(got), len(got[0].Exception))
	}
}

func BenchmarkLine(b *testing.B) {
	for name, line := range map[string]string{
		"text": "listening on port 3000 for connections", "stamped": "2026-03-04T09:15:30.123Z INFO app: started in 3 s",
		"json": `{"level":30,"time":1772615730123,"pid":7,"hostname":"box","name":"api","msg":"boom","reqId":12}`,
	} {
		b.Run(name, func(b *testing.B) {
			a := Assembler{Emit: func(recorder.LogEntry) {}}
			now := read()
			b.ReportAllocs()
			for b.Loop() {
				a.Line(line, now)
			}
		})
	}
}
