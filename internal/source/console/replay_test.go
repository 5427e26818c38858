package console

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestReplayMergesSmallChunks: a program that prints byte by byte leaves as
// much to look back on as one that prints pages, in as little memory.
func TestReplayMergesSmallChunks(t *testing.T) {
	for _, piece := range []string{"x", "€", "ab😀", strings.Repeat("é", 700), strings.Repeat("😀", 1500)} {
		var r replay
		for printed := 0; printed < 2*MaxReplay; printed += len(piece) {
			r.add([]byte(piece))
			r.take(func(Chunk) {})
		}
		held, storage := 0, 0
		var all []byte
		for _, c := range r.all() {
			held += len(c.Data)
			all = append(all, c.Data...)
			if !utf8.Valid(c.Data) {
				t.Errorf("%.8q: a block splits a character", piece)
			}
		}
		for _, b := range r.blocks {
			storage += cap(b.Data)
		}
		if held > MaxReplay || held < MaxReplay-MaxChunk {
			t.Errorf("%.8q: holds %d bytes", piece, held)
		}
		if storage > MaxReplay*4/3+MaxChunk {
			t.Errorf("%.8q: needs %d bytes", piece, storage)
		}
		if text := bytes.Repeat([]byte(piece), 2*MaxReplay/len(piece)+1); !bytes.HasSuffix(text, all) {
			t.Errorf("%.8q: is not the end of what was printed", piece)
		}
	}
}

// TestChunksDoNotChange: a chunk that a viewer holds stays as it is while its
// block grows, and cannot be appended to.
func TestChunksDoNotChange(t *testing.T) {
	var r replay
	r.add([]byte("one"))
	var first Chunk
	r.take(func(c Chunk) { first = c })
	r.add([]byte("two"))
	_ = append(first.Data, "XXX"...)
	if got := string(r.all()[0].Data); got != "onetwo" {
		t.Errorf("block is %q", got)
	}
	r.take(func(c Chunk) {
		if c.Offset != 3 || string(c.Data) != "two" {
			t.Errorf("second chunk is %d %q", c.Offset, c.Data)
		}
	})
}
