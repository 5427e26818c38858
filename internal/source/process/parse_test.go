package process

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const statTail = " S 1 2 3 0 -1 4194560 5 6 7 8 100 23 1 1 20 0 4 0 777 810000384 1234 18446744073709551615 " +
	"94 95 96 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 97 98 99 140000 140050 140051 140060 0\n"

func TestParseStat(t *testing.T) {
	for _, name := range []string{"api", "a b", "a) R 1 (b", ")", "(", "", "new\nline", "x\xffy", "a)\n) Z 1"} {
		s, ok := parseStat([]byte("412 (" + name + ")" + statTail))
		if !ok || string(s.comm) != name || s.state != 'S' {
			t.Errorf("%q: %q, state %c, %v", name, s.comm, s.state, ok)
			continue
		}
		if s.ticks != 123 || s.start != 777 || s.virtual != 810000384 || s.pages != 1234 || s.argStart != 140000 || s.kernel {
			t.Errorf("%q: %+v", name, s)
		}
	}
	kernel, ok := parseStat([]byte("2 (kthreadd) I 0 0 0 0 -1 2129984 0 0 0 0 0 1 0 0 20 0 1 0 5 0 0 0"))
	if !ok || !kernel.kernel || kernel.ticks != 1 {
		t.Errorf("kernel thread: %+v, %v", kernel, ok)
	}
	for _, line := range []string{"", "1", "1 (", "1 )(", "1 (x)", "1 (x) ", "1 (x) SS 1", "1 (x) S 1 2 3"} {
		if s, ok := parseStat([]byte(line)); ok {
			t.Errorf("%q was understood: %+v", line, s)
		}
	}
}

func TestParseCmdline(t *testing.T) {
	for text, want := range map[string]string{
		"":                            "",
		"\x00\x00":                    "",
		"/bin/api\x00--port\x005\x00": "/bin/api|--port|5",
		"a\x00\x00b\x00":              "a||b",
		"postgres: idle\x00\x00\x00":  "postgres: idle",
		"no end":                      "no end",
		"x\xff\xfe\x00ü\x00":          "x\uFFFD|ü",
	} {
		if got := strings.Join(parseCmdline([]byte(text)), "|"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := parseCmdline([]byte(strings.Repeat("a\x00", 2000))); len(got) != maxCmdArgs {
		t.Errorf("%d arguments of 2000", len(got))
	}
}

func FuzzStat(f *testing.F) {
	f.Add([]byte("412 (api)" + statTail))
	f.Add([]byte("1 (a) b) R 99999999999999999999999 -"))
	f.Fuzz(func(t *testing.T, line []byte) {
		s, ok := parseStat(line)
		if ok && (s.state == 0 || len(s.comm)+2 > len(line)) {
			t.Errorf("%+v", s)
		}
		if !utf8.ValidString(validText(s.comm)) {
			t.Errorf("name is not UTF-8: %q", s.comm)
		}
	})
}

func FuzzCmdline(f *testing.F) {
	f.Add([]byte("/bin/sh\x00-c\x00\xff\x00\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		args := parseCmdline(text)
		if len(args) > maxCmdArgs {
			t.Errorf("%d arguments", len(args))
		}
		for _, arg := range args {
			if !utf8.ValidString(arg) || strings.Contains(arg, "\x00") {
				t.Errorf("argument %q", arg)
			}
		}
	})
}

func FuzzDirents(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x18\x00\x04123\x00\x00"))
	f.Fuzz(func(t *testing.T, entries []byte) {
		for _, pid := range appendPIDs(nil, entries) {
			if pid == 0 {
				t.Error("pid 0")
			}
		}
	})
}
