package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/logline"
)

// As journalctl 252 writes it.
const sample = `{"_BOOT_ID":"47386eb609dc441d87e7767ab71534fd","MESSAGE":"listening","SYSLOG_IDENTIFIER":"api","__REALTIME_TIMESTAMP":"1929966406880943","_SOURCE_REALTIME_TIMESTAMP":"1929966406880910","__MONOTONIC_TIMESTAMP":"1257463930","__CURSOR":"s=a95cca8ccd3947c393edeb460366aa19;i=3;b=47386eb609dc441d87e7767ab71534fd;m=4af3607a;t=660d17e03e9af;x=9f40f93a9ed9b53f","PRIORITY":"3","_PID":"412","_HOSTNAME":"board","_COMM":"python3"}`

func decodeLines(data string) ([]logline.Line, error) {
	var e entry
	if err := e.decode([]byte(data)); err != nil {
		return nil, err
	}
	var lines []logline.Line
	err := format{location: time.UTC}.lines(&e, time.Now(), func(line logline.Line) error {
		lines = append(lines, line)
		return nil
	})
	return lines, err
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const at = "1970-01-01T00:00:01+0000 "
	const stamp = `"__REALTIME_TIMESTAMP":"1000000"`
	for _, c := range []struct {
		name, data string
		want       []string
		priority   int
	}{
		{"sample", sample, []string{"2031-02-27T13:46:46+0000 board api[412]: listening"}, 3},
		{"bytes", `{` + stamp + `,"MESSAGE":[97,255,0,10,98]}`, []string{at + "unknown: a\uFFFD\x00", at + "unknown: b"}, -1},
		{"several", `{` + stamp + `,"MESSAGE":["one","two\nthree"]}`, []string{at + "unknown: one", at + "unknown: two", at + "unknown: three"}, -1},
		{"several, mixed", `{` + stamp + `,"MESSAGE":[[97,255],"two",null]}`, []string{at + "unknown: a\uFFFD", at + "unknown: two"}, -1},
		{"too long for journalctl", `{` + stamp + `,"MESSAGE":null}`, []string{at + "unknown: "}, -1},
		{"numbers", `{"__REALTIME_TIMESTAMP":1000000,"MESSAGE":42,"PRIORITY":7,"_PID":1}`, []string{at + "unknown[1]: 42"}, 7},
		{"empty array", `{` + stamp + `,"MESSAGE":[]}`, []string{at + "unknown: "}, -1},
		{"not bytes", `{` + stamp + `,"MESSAGE":[256, -1, 1.5]}`, []string{at + "unknown: 256", at + "unknown: -1", at + "unknown: 1.5"}, -1},
		{"command", `{` + stamp + `,"_COMM":"sh","SYSLOG_PID":"7","MESSAGE":"m"}`, []string{at + "sh[7]: m"}, -1},
		{"newline in a prefix", `{` + stamp + `,"SYSLOG_IDENTIFIER":["a","b"],"MESSAGE":"m"}`, []string{at + "a b: m"}, -1},
		{"priority out of range", `{` + stamp + `,"PRIORITY":"8","MESSAGE":"m"}`, []string{at + "unknown: m"}, -1},
		{"bad time", `{"__REALTIME_TIMESTAMP":"x","MESSAGE":"m"}`, []string{"1970-01-01T00:00:00+0000 unknown: m"}, -1},
	} {
		lines, err := decodeLines(c.data)
		var texts []string
		for _, line := range lines {
			texts = append(texts, line.Text)
			if line.Priority != c.priority {
				t.Errorf("%s: priority %d, want %d", c.name, line.Priority, c.priority)
			}
		}
		if err != nil || !slices.Equal(texts, c.want) {
			t.Errorf("%s: got %q, %v, want %q", c.name, texts, err, c.want)
		}
	}
	for _, bad := range []string{"", "{", "[]", `"x"`, "no", `{"__CURSOR":"c"}x`} {
		if lines, err := decodeLines(bad); err == nil {
			t.Errorf("%q decoded to %v", bad, lines)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{sample, `{"MESSAGE":[1,2,[3]],"PRIORITY":[["x"]]}`, `{"MESSAGE":["a",[98,255],null,{}]}`, `{"MESSAGE":[ ]}`, `{"MESSAGE":[,]}`, `{"__REALTIME_TIMESTAMP":"999999999999999999"}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		lines, err := decodeLines(data)
		if err == nil && len(lines) == 0 {
			t.Error("an entry without a line")
		}
		for _, line := range lines {
			if !utf8.ValidString(line.Text) || strings.Contains(line.Text, "\n") || len(line.Text) > logline.MaxText || line.Priority < -1 || line.Priority > 7 {
				t.Errorf("line %+v", line)
			}
		}
	})
}

// Any message comes back as it was, in each way in which it can be written.
func FuzzDecodeMessage(f *testing.F) {
	f.Add("hello", "world")
	f.Add("caf\xe9\n", "")
	f.Fuzz(func(t *testing.T, a, b string) {
		numbers := func(s string) string {
			var n []string
			for i := range len(s) {
				n = append(n, fmt.Sprint(s[i]))
			}
			return "[" + strings.Join(n, ",") + "]"
		}
		write := func(s string) string {
			if !utf8.ValidString(s) || len(s)%2 == 1 {
				return numbers(s)
			}
			text, _ := json.Marshal(s)
			return string(text)
		}
		for data, want := range map[string]string{
			write(a):                              a,
			numbers(a):                            a,
			"[" + write(a) + "," + write(b) + "]": a + "\n" + b,
		} {
			var e entry
			if err := e.decode([]byte(`{"MESSAGE":` + data + `}`)); err != nil || string(e.Message) != want {
				t.Errorf("%s: got %q, %v, want %q", data, e.Message, err, want)
			}
		}
	})
}

func FuzzScanner(f *testing.F) {
	f.Add([]byte("one\n\ntwo\nthree"))
	f.Fuzz(func(t *testing.T, data []byte) {
		scan := newScanner(bytes.NewReader(data))
		for _, want := range bytes.SplitAfter(data, []byte("\n")) {
			if !bytes.HasSuffix(want, []byte("\n")) {
				break
			}
			if !scan.next() || string(scan.line) != string(want[:len(want)-1]) {
				t.Fatalf("got %q, want %q", scan.line, want)
			}
		}
		if scan.next() {
			t.Fatalf("one line too many: %q", scan.line)
		}
	})
}

func TestScannerLong(t *testing.T) {
	t.Parallel()
	for _, size := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, maxEntry - 1, maxEntry, maxEntry + 1, 3 * maxEntry} {
		scan := newScanner(strings.NewReader(strings.Repeat("x", size) + "\nnext\n"))
		if !scan.next() || len(scan.line)+scan.skipped != size || len(scan.line) > maxEntry {
			t.Errorf("%d bytes: got %d, skipped %d", size, len(scan.line), scan.skipped)
		}
		if !scan.next() || string(scan.line) != "next" || scan.skipped != 0 {
			t.Errorf("after %d bytes: got %q", size, scan.line)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	var e entry
	f := format{location: time.UTC}
	now := time.Now()
	b.ReportAllocs()
	for range b.N {
		if err := e.decode([]byte(sample)); err != nil {
			b.Fatal(err)
		}
		_ = f.lines(&e, now, func(logline.Line) error { return nil })
	}
}
