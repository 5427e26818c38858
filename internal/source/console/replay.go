package console

import "unicode/utf8"

// Bounds of the output that a session keeps.
const (
	// MaxReplay bounds the bytes of output that an attachment begins with.
	MaxReplay = 512 << 10
	// MaxChunk bounds the bytes of one chunk.
	MaxChunk = 4096

	// slack is the room at the end of a block that may be left unused rather
	// than cut a text in two. It keeps bulk output at one chunk per block, and
	// blocks at least three quarters full.
	slack = MaxChunk / 4
)

// Chunk is a piece of a session's output.
type Chunk struct {
	// Offset is the number of bytes of output before this chunk since the
	// session began, counted after cleaning.
	Offset uint64
	// Data is valid UTF-8 of 1 to MaxChunk bytes. It is shared by all viewers
	// and must not be modified.
	Data []byte
}

// replay holds the newest output, merged into blocks. The bytes of a block are
// written once and never change, so that chunks may point into it while the
// block still grows behind them.
type replay struct {
	blocks []Chunk // oldest first; the last one grows up to its capacity
	bytes  int
	next   uint64 // offset of what is added next
	fresh  uint64 // offset of the first byte not yet returned by take
}

// add appends text, which is valid UTF-8, and lets go of the oldest blocks.
func (r *replay) add(text []byte) {
	for len(text) > 0 {
		last := r.room(len(text))
		n := cut(text, cap(last.Data)-len(last.Data))
		if n == 0 { // a sequence that does not fit into what is left
			r.grow()
			continue
		}
		last.Data = append(last.Data, text[:n]...)
		text = text[n:]
		r.bytes += n
		r.next += uint64(n)
	}
	r.trim()
}

// room returns the block that the next want bytes go to.
func (r *replay) room(want int) *Chunk {
	if len(r.blocks) == 0 {
		return r.grow()
	}
	last := &r.blocks[len(r.blocks)-1]
	if left := cap(last.Data) - len(last.Data); left < want && left < slack {
		return r.grow()
	}
	return last
}

func (r *replay) grow() *Chunk {
	r.blocks = append(r.blocks, Chunk{Offset: r.next, Data: make([]byte, 0, MaxChunk)})
	return &r.blocks[len(r.blocks)-1]
}

// trim drops the oldest blocks while there is more than MaxReplay.
func (r *replay) trim() {
	n := 0
	for r.bytes > MaxReplay {
		r.bytes -= len(r.blocks[n].Data)
		r.blocks[n].Data = nil
		n++
	}
	r.blocks = r.blocks[n:]
}

// take calls yield with what was added since the last call, at most one chunk
// for each block.
func (r *replay) take(yield func(Chunk)) {
	first := len(r.blocks)
	for first > 0 && r.blocks[first-1].Offset+uint64(len(r.blocks[first-1].Data)) > r.fresh {
		first--
	}
	for _, b := range r.blocks[first:] {
		skip := 0
		if r.fresh > b.Offset {
			skip = int(r.fresh - b.Offset)
		}
		end := len(b.Data)
		yield(Chunk{Offset: b.Offset + uint64(skip), Data: b.Data[skip:end:end]})
	}
	r.fresh = r.next
}

// all returns everything that is held, oldest first.
func (r *replay) all() []Chunk {
	chunks := make([]Chunk, len(r.blocks))
	for i, b := range r.blocks {
		chunks[i] = Chunk{Offset: b.Offset, Data: b.Data[:len(b.Data):len(b.Data)]}
	}
	return chunks
}

// cut returns how many bytes of text, at most limit, may be taken without
// splitting a sequence.
func cut(text []byte, limit int) int {
	if len(text) <= limit {
		return len(text)
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return limit
}
