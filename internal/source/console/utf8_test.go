package console

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

// cleanText cleans a text that is written in the given pieces.
func cleanText(pieces ...string) string {
	var c cleaner
	var out []byte
	emit := func(p []byte) { out = append(out, p...) }
	for _, p := range pieces {
		c.write([]byte(p), emit)
	}
	c.flush(emit)
	return string(out)
}

func TestCleaner(t *testing.T) {
	const bad = "\uFFFD"
	tests := []struct {
		name string
		in   []string
		want string
	}{
		{"plain", []string{"abc"}, "abc"},
		{"nothing", []string{"", ""}, ""},
		{"split in two", []string{"a\xe2\x82", "\xacb"}, "a€b"},
		{"split in bytes", []string{"\xf0", "\x9f", "\x98", "\x80"}, "😀"},
		{"cut off at the end", []string{"a\xf0\x9f\x98"}, "a" + bad},
		{"cut off by text", []string{"\xe2\x82A"}, bad + "A"},
		{"cut off by text later", []string{"\xe2", "\x82", "A"}, bad + "A"},
		{"cut off by a sequence", []string{"\xe2\x82", "\xc3\xa9"}, bad + "é"},
		{"cut off by a lead byte that is cut off", []string{"\xe2\x82", "\xc3"}, bad + bad},
		{"lone continuation bytes", []string{"\x80\xbf"}, bad + bad},
		{"never valid", []string{"\xc0\xaf\xfe\xff\xf5"}, bad + bad + bad + bad + bad},
		{"surrogate", []string{"\xed\xa0\x80"}, bad + bad + bad},
		{"surrogate split", []string{"\xed", "\xa0", "\x80"}, bad + bad + bad},
		{"too large", []string{"\xf4\x90\x80\x80"}, bad + bad + bad + bad},
		{"overlong", []string{"\xe0\x9f\x80\xf0\x8f\xbf\xbf"}, bad + bad + bad + bad + bad + bad + bad},
		{"largest", []string{"\xf4\x8f\xbf\xbf"}, "\U0010FFFF"},
		{"Unicode table 3-8", []string{"\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41"}, bad + bad + bad + bad + bad + bad + bad + bad + "A"},
		{"Unicode table 3-9", []string{"\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41"}, bad + bad + bad + bad + bad + bad + bad + bad + "A"},
		{"Unicode table 3-10", []string{"\xf4\x91\x92\x93\xff\x41\x80\xbf\x42"}, bad + bad + bad + bad + bad + "A" + bad + bad + "B"},
		{"Unicode table 3-11", []string{"\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41"}, bad + bad + bad + bad + "A"},
	}
	for _, test := range tests {
		if got := cleanText(test.in...); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

// reference cleans a whole text in the plainest way: the longest prefix that
// can be completed to a rune with some continuation is one replacement.
func reference(p []byte) string {
	var out []byte
	for len(p) > 0 {
		if r, n := utf8.DecodeRune(p); r != utf8.RuneError || n > 1 {
			out, p = append(out, p[:n]...), p[n:]
			continue
		}
		n := 1
		for n < len(p) && n < utf8.UTFMax && completable(p[:n+1]) {
			n++
		}
		out, p = append(out, replacement...), p[n:]
	}
	return string(out)
}

// completable reports whether some bytes make p one valid rune.
func completable(p []byte) bool {
	if len(p) >= utf8.UTFMax {
		return utf8.Valid(p)
	}
	if utf8.RuneCount(p) == 1 && utf8.Valid(p) {
		return true
	}
	// Every range of continuation bytes that the Unicode standard has contains
	// one of these.
	for _, b := range []byte{0x80, 0x90, 0xA0} {
		if completable(append(bytes.Clone(p), b)) {
			return true
		}
	}
	return false
}

// FuzzChunks: however the bytes of a terminal are cut into reads, the chunks
// that viewers get are valid UTF-8 of at most MaxChunk bytes, follow each other,
// and make up the whole cleaned text; so does the replay, in blocks.
func FuzzChunks(f *testing.F) {
	f.Add([]byte("plain text"), uint16(3), uint8(1))
	f.Add([]byte("a€\xe2\x82\xf0\x9f\x98\x80\xff\xc3"), uint16(2), uint8(100))
	f.Add([]byte("\xed\xa0\x80\xf4\x90\x80\x80\xe0\x80"), uint16(1), uint8(255))
	f.Fuzz(func(t *testing.T, seed []byte, size uint16, times uint8) {
		text := bytes.Repeat(seed, 1+int(times))
		if len(text) > 16<<10 {
			text = text[:16<<10]
		}
		want := reference(text)
		var c cleaner
		var r replay
		var live []Chunk
		for rest := text; len(rest) > 0; {
			n := min(1+int(size), len(rest))
			c.write(rest[:n], r.add)
			r.take(func(c Chunk) { live = append(live, c) })
			rest = rest[n:]
		}
		c.flush(r.add)
		r.take(func(c Chunk) { live = append(live, c) })
		checkChunks(t, "live", live, want)
		checkChunks(t, "replay", r.all(), want)
	})
}

func checkChunks(t *testing.T, name string, chunks []Chunk, want string) {
	t.Helper()
	var got []byte
	for i, c := range chunks {
		switch {
		case len(c.Data) == 0 || len(c.Data) > MaxChunk:
			t.Fatalf("%s chunk %d has %d bytes", name, i, len(c.Data))
		case !utf8.Valid(c.Data):
			t.Fatalf("%s chunk %d is not UTF-8: %q", name, i, c.Data)
		case c.Offset != uint64(len(got)):
			t.Fatalf("%s chunk %d is at %d, want %d", name, i, c.Offset, len(got))
		}
		got = append(got, c.Data...)
	}
	if string(got) != want {
		t.Fatalf("%s: got %q, want %q", name, got, want)
	}
}
