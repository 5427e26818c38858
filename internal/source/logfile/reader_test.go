package logfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/logline"
)

// linesOf is what a reader has to yield for text, in the simplest words.
func linesOf(text string) []string {
	lines := strings.Split(text, "\n")
	if lines[len(lines)-1] = strings.TrimLeft(lines[len(lines)-1], "\x00"); lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1] // what follows the last newline is no line yet
	}
	for i := range lines {
		lines[i] = logline.Clean(lines[i])
	}
	return lines
}

// However the bytes of a file arrive, its lines are the same.
func FuzzSplitter(f *testing.F) {
	f.Add("one\ntwo\r\n\n\x00\x00three\xff\nfour", []byte{1, 5, 0, 3})
	f.Add("\x00\n\x00\x00\n\x00", []byte{1})
	f.Add(strings.Repeat("long", 20_000)+"\nend\n", []byte{255, 7})
	f.Fuzz(func(t *testing.T, text string, cuts []byte) {
		var s splitter
		var got []string
		yield := func(line string) error { got = append(got, line); return nil }
		rest := []byte(text)
		for i := 0; len(rest) > 0; i++ {
			n := len(rest)
			if i < len(cuts) {
				n = min(n, int(cuts[i])*int(cuts[i]))
			}
			chunk := slices.Clone(rest[:n])
			_ = s.feed(chunk, yield)
			clear(chunk) // the lines must not refer to it
			rest = rest[n:]
		}
		_ = s.flush(yield)
		if want := linesOf(text); !slices.Equal(got, want) {
			t.Fatalf("%q in pieces: got %q, want %q", text, got, want)
		}
	})
}

// The last n lines from their start are the end of all lines.
func FuzzStartOf(f *testing.F) {
	f.Add("one\ntwo\n\nthree", 2, int64(0))
	f.Add("one\n", 1, int64(2))
	f.Add(strings.Repeat("line\n", 30_000), 29_000, int64(0))
	f.Fuzz(func(t *testing.T, text string, n int, window int64) {
		if n < 0 || window < 0 {
			t.Skip()
		}
		at, err := startOf(t.Context(), strings.NewReader(text), int64(len(text)), n, window)
		if err != nil {
			t.Fatal(err)
		}
		all, got := strings.SplitAfter(text, "\n"), strings.SplitAfter(text[at:], "\n")
		drop := func(lines []string) []string { // the empty end
			if lines[len(lines)-1] == "" {
				return lines[:len(lines)-1]
			}
			return lines
		}
		all, got = drop(all), drop(got)
		if n > 0 {
			all = all[max(0, len(all)-n):]
		}
		if window > 0 {
			size := 0
			for i := len(all) - 1; i >= 0; i-- {
				if size += len(all[i]); int64(size) > window {
					all = all[i+1:]
					break
				}
			}
		}
		// A line that fills the window exactly cannot be told from a cut one.
		if window > 0 && len(got)+1 == len(all) && len(strings.Join(all, "")) == int(window) {
			all = all[1:]
		}
		if !slices.Equal(all, got) {
			t.Fatalf("the last %d lines in %d bytes of %q: got %q, want %q", n, window, text, got, all)
		}
	})
}
