package logline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/logline"
)

func TestClean(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", logline.MaxText)
	for _, c := range []struct{ name, raw, want string }{
		{"plain", "hello", "hello"},
		{"empty", "", ""},
		{"carriage return", "hello\r", "hello"},
		{"only carriage returns", "\r\r", ""},
		{"inner carriage return stays", "10 %\r20 %\r", "10 %\r20 %"},
		{"hole", "\x00\x00\x00hello", "hello"},
		{"inner NUL stays", "a\x00b", "a\x00b"},
		{"invalid byte", "a\xffb", "a\uFFFDb"},
		{"each invalid byte counts", "\xff\xfe", "\uFFFD\uFFFD"},
		{"half a rune", "a\xe2\x82", "a\uFFFD\uFFFD"},
		{"surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
		{"longest", long, long},
		{"cut", long + "b", long},
		{"cut before a rune", long[1:] + "é", long[1:]},
		{"cut after a rune", long[2:] + "éé", long[2:] + "é"},
		{"cut grown", long[1:] + "\xff", long[1:]},
	} {
		if got := logline.Clean(c.raw); got != c.want {
			t.Errorf("%s: got %d bytes %.40q, want %d bytes %.40q", c.name, len(got), got, len(c.want), c.want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	for message, want := range map[string][]string{
		"":             {""},
		"one":          {"one"},
		"one\n":        {"one"},
		"one\r\ntwo":   {"one", "two"},
		"one\n\ntwo\n": {"one", "", "two"},
		"\n\n":         {""},
		"a\xff\nb":     {"a\uFFFD", "b"},
	} {
		if got := slices.Collect(logline.Split(message)); !slices.Equal(got, want) {
			t.Errorf("Split(%q) = %q, want %q", message, got, want)
		}
	}
	for range logline.Split("stops\nwhen\ntold") {
		break
	}
}

func TestLast(t *testing.T) {
	t.Parallel()
	size := logline.Size(logline.Line{Text: "00"})
	for _, c := range []struct{ lines, bytes, add, want int }{
		{3, 1 << 20, 2, 2},
		{3, 1 << 20, 50, 3},
		{1, 1 << 20, 50, 1},
		{0, 1 << 20, 50, 0},
		{50, 4 * size, 40, 4},
		{50, 1, 40, 1}, // the newest always stays
	} {
		last := logline.NewLast(c.lines, c.bytes)
		for i := range c.add {
			last.Add(logline.Line{Text: fmt.Sprintf("%02d", i)})
		}
		got := last.Texts()
		if len(got) != c.want {
			t.Errorf("%+v: kept %d", c, len(got))
		}
		for i, text := range got {
			if want := fmt.Sprintf("%02d", c.add-len(got)+i); text != want {
				t.Errorf("%+v: line %d is %s, want %s", c, i, text, want)
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "a\r\n", "\x00\xff\xed\xa0\x80é", strings.Repeat("é", 40000), strings.Repeat("\xff", 70000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for text := range logline.Split(raw) {
			if !utf8.ValidString(text) || len(text) > logline.MaxText || strings.Contains(text, "\n") || strings.HasSuffix(text, "\r") {
				t.Fatalf("Split(%q) yielded %q", raw, text)
			}
			if again := logline.Clean(text); again != text {
				t.Fatalf("cleaning %q again gives %q", text, again)
			}
		}
		if utf8.ValidString(raw) && len(raw) < logline.MaxText && !strings.ContainsAny(raw, "\r\x00") {
			if got := strings.Join(slices.Collect(logline.Split(raw)), "\n"); got != strings.TrimRight(raw, "\n") {
				t.Fatalf("Split(%q) joined is %q", raw, got)
			}
		}
	})
}

func BenchmarkClean(b *testing.B) {
	for name, raw := range map[string]string{"ascii": strings.Repeat("x", 100), "utf8": strings.Repeat("é", 50), "invalid": strings.Repeat("\xff", 100)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				logline.Clean(raw)
			}
		})
	}
}
