package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseKeys(t *testing.T) {
	for text, want := range map[string]string{
		"ctrl-],d": "\x1dd", "ctrl-p,ctrl-q": "\x10\x11", "none": "", "": "", "~": "~", "Ctrl-A": "\x01", "ctrl-@,ctrl-\\": "\x00\x1c",
	} {
		if got, err := parseKeys(text); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"ctrl-", "ctrl-1", "ctrl-ab", "ab", "ä", "a,,b", "\x01"} {
		if got, err := parseKeys(text); err == nil {
			t.Errorf("%q is taken as %q", text, got)
		}
	}
}

func TestDetector(t *testing.T) {
	for _, test := range []struct{ keys, typed, pass string }{
		{"\x1dd", "ls\r", "ls\r"},
		{"\x1dd", "a\x1ddrest", "a"},     // detached
		{"\x1dd", "\x1dx", "\x1dx"},      // no sequence: nothing is lost
		{"\x1dd", "\x1d\x1dd", "\x1d"},   // the second one counts
		{"aab", "aaab", "a"},             // overlapping
		{"abab!", "abab-abab!", "abab-"}, //
		{"", "\x1dd", "\x1dd"},           // switched off
		{"\x1dd", "\x1d", ""},            // held back
		{"x", "abc", "abc"},              //
	} {
		// The result must not depend on how the input is cut.
		for _, step := range []int{1, 2, 100} {
			d := detector{keys: []byte(test.keys)}
			var pass []byte
			for part := range slices.Chunk([]byte(test.typed), step) {
				out, detach := d.feed(part)
				pass = append(pass, out...)
				if detach {
					break
				}
			}
			if string(pass) != test.pass {
				t.Errorf("keys %q, typed %q in steps of %d: %q, want %q", test.keys, test.typed, step, pass, test.pass)
			}
		}
	}
}

// FuzzDetector: what is passed on and what is held back is what was typed, and
// it detaches exactly at the first place where the sequence is.
func FuzzDetector(f *testing.F) {
	f.Add([]byte("aab"), []byte("aaab"))
	f.Add([]byte("\x1dd"), []byte("x\x1d\x1dd"))
	f.Fuzz(func(t *testing.T, keys, typed []byte) {
		d := detector{keys: keys}
		var pass []byte
		for i := range typed {
			out, detach := d.feed(typed[i : i+1])
			pass = append(pass, out...)
			if detach {
				if first := bytes.Index(typed, keys); first+len(keys) != i+1 || string(pass) != string(typed[:first]) {
					t.Fatalf("keys %q, typed %q: detached after %d bytes, passed %q", keys, typed, i+1, pass)
				}
				return
			}
		}
		if len(keys) > 0 && bytes.Contains(typed, keys) {
			t.Fatalf("keys %q not found in %q", keys, typed)
		}
		if got := string(pass) + string(keys[:d.held]); got != string(typed) {
			t.Fatalf("keys %q: typed %q, passed and held %q", keys, typed, got)
		}
	})
}

func TestModeTracker(t *testing.T) {
	const end = "\x1b[0m\x1b(B\x1b>"
	for output, want := range map[string]string{
		"plain":                                 end,
		"\x1b[?1049h\x1b[?1h text":              "\x1b[?1l\x1b[?1049l" + end,
		"\x1b[?1049h\x1b[?1049l":                end,
		"\x1b[?1000;1006h":                      "\x1b[?1000l\x1b[?1006l" + end,
		"\x1b[?25l":                             "\x1b[?25h" + end,
		"\x1b[?25l\x1b[?2004h\x1bc":             end,
		"\x1b[4h\x1b[?7h\x1b[?123456h":          end,
		"\x1b[" + strings.Repeat("1", 99) + "h": end,
		"\x1b[?20\x1b[?2004h":                   "\x1b[?2004l" + end,
	} {
		for _, step := range []int{1, 3, 1000} {
			var m modeTracker
			for part := range slices.Chunk([]byte(output), step) {
				m.feed(string(part))
			}
			if got := m.undo(); got != want {
				t.Errorf("%q in steps of %d: %q, want %q", output, step, got, want)
			}
		}
	}
}

func FuzzModeTracker(f *testing.F) {
	f.Add("\x1b[?1049h\x1b[?25l")
	f.Fuzz(func(t *testing.T, output string) {
		var m, after modeTracker
		m.feed(output)
		if len(m.sequence) > maxSequence {
			t.Fatal("an unbounded sequence is kept")
		}
		m.state = scanText
		m.feed(m.undo())
		if m.undo() != after.undo() {
			t.Fatalf("modes are left on by %q", m.undo())
		}
	})
}

func TestQueryFilter(t *testing.T) {
	for output, want := range map[string]string{
		"plain \x1b[31mred\x1b[0m":                            "plain \x1b[31mred\x1b[0m",
		"a\x1b[cb\x1b[>c\x1b[0c":                              "ab",
		"a\x1b[6nb\x1b[?6n":                                   "ab",
		"\x1b[>q\x1b[2 q":                                     "\x1b[2 q",
		"\x1b[?2026$p\x1b[!p":                                 "\x1b[!p",
		"\x1b]11;?\x07\x1b]0;title\x07\x1b]10;?\x1b\\":        "\x1b]0;title\x07",
		"\x1bP+q544e\x1b\\\x1bP$qm\x1b\\\x1bP1$r\x1b\\":       "\x1bP1$r\x1b\\",
		"\x05\x1bZx":                                          "x",
		"\x1b[?u\x1b[u\x1b[18t\x1b[22;0;0t":                   "\x1b[u\x1b[22;0;0t",
		"\x1b]0;broken\x1b[31mx":                              "\x1b]0;broken\x1b[31mx",
		"\x1b]" + strings.Repeat("y", 2*maxQuery) + "\x1b[c!": "\x1b]" + strings.Repeat("y", 2*maxQuery) + "!",
		"ends in \x1b[3":                                      "ends in \x1b[3",
		"\x1b(B\x1b=":                                         "\x1b(B\x1b=",
	} {
		for _, step := range []int{1, 3, 10000} {
			var q queryFilter
			var got strings.Builder
			for part := range slices.Chunk([]byte(output), step) {
				got.WriteString(q.feed(string(part)))
				if len(q.held) > maxQuery {
					t.Fatalf("%d bytes held back", len(q.held))
				}
			}
			got.WriteString(q.rest())
			if got.String() != want {
				t.Errorf("%q in steps of %d: %q, want %q", output, step, got.String(), want)
			}
		}
	}
}

func FuzzQueryFilter(f *testing.F) {
	f.Add("a\x1b[cb\x1b]11;?\x07", 3)
	f.Fuzz(func(t *testing.T, output string, cut int) {
		if cut < 0 || cut > len(output) {
			return
		}
		var whole, parts queryFilter
		want := whole.feed(output) + whole.rest()
		got := parts.feed(output[:cut]) + parts.feed(output[cut:]) + parts.rest()
		if len(output) <= maxQuery && got != want {
			t.Fatalf("cut at %d: %q, want %q", cut, got, want)
		}
		if !strings.ContainsAny(output, "\x1b\x05") && want != output {
			t.Fatalf("text was changed: %q", want)
		}
	})
}

func TestKeyReader(t *testing.T) {
	for text, want := range map[string][]rune{
		"q":                       {'q'},
		"ä/":                      {'ä', '/'},
		"\x1b[A\x1b[B\x1bOA":      {keyUp, keyDown, keyUp},
		"\x1b[5~\x1b[6~\x1b[1;5C": {keyPageUp, keyPageDown},
		"\x1b":                    {keyEscape},
		"\x1bq":                   {keyEscape, 'q'},
	} {
		var k keyReader
		if got := k.read(text); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	var k keyReader // a sequence in two pieces
	if got := append(k.read("\x1b["), k.read("5~")...); !slices.Equal(got, []rune{keyPageUp}) {
		t.Errorf("got %v", got)
	}
}

func FuzzKeyReader(f *testing.F) {
	f.Add("\x1b[5~q\xc3")
	f.Fuzz(func(t *testing.T, text string) {
		var k keyReader
		for i := range len(text) {
			k.read(text[i : i+1])
			if len(k.rest) >= 16 {
				t.Fatalf("%d bytes held back", len(k.rest))
			}
		}
	})
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		in   string
		n    int
		want string
	}{
		{"abc", 5, "abc  "}, {"abcdef", 3, "abc"}, {"日本語", 5, "日本 "}, {"e\u0301x", 2, "e\u0301x"},
		{"\x1b[31mabc\x1b[0m", 2, "\x1b[31mab\x1b[0m"}, {"", 2, "  "}, {"x", 0, ""},
	} {
		if got := fit(test.in, test.n); got != test.want {
			t.Errorf("%q to %d: %q, want %q", test.in, test.n, got, test.want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	f.Add("a\x1b[31mb\tc")
	f.Fuzz(func(t *testing.T, text string) {
		for _, out := range []string{plain(text), clean(text)} {
			if strings.ContainsAny(out, "\x1b\r\n\x07\u009b") && utf8.ValidString(text) {
				t.Fatalf("%q is not safe for a terminal", out)
			}
		}
	})
}
