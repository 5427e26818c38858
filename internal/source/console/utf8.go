package console

import "unicode/utf8"

// replacement stands for bytes that can never be part of valid UTF-8.
const replacement = "\uFFFD"

// cleaner turns a stream of bytes into valid UTF-8, independently of how the
// stream is cut into writes. An incomplete sequence at the end of a write is
// held back until the next one. Ill-formed input becomes U+FFFD, one for each
// maximal subpart of a sequence, which is the practice of the Unicode standard
// (chapter 3, "U+FFFD Substitution of Maximal Subparts") and of browsers. The
// zero value is ready.
type cleaner struct {
	held [utf8.UTFMax]byte
	n    int
}

// write emits the clean text of p. The slices given to emit are valid during
// the call only.
func (c *cleaner) write(p []byte, emit func([]byte)) {
	p = c.complete(p, emit)
	end := len(p) - incompleteTail(p)
	body := p[:end]
	if utf8.Valid(body) {
		if len(body) > 0 {
			emit(body)
		}
	} else {
		cleanAll(body, emit)
	}
	if end < len(p) {
		c.n = copy(c.held[:], p[end:])
	}
}

// flush emits U+FFFD for a sequence that will never be completed.
func (c *cleaner) flush(emit func([]byte)) {
	if c.n > 0 {
		c.n = 0
		emit([]byte(replacement))
	}
}

// complete joins the held bytes with the beginning of p and returns the rest
// of p, which begins at the start of a sequence.
func (c *cleaner) complete(p []byte, emit func([]byte)) []byte {
	if c.n == 0 || len(p) == 0 {
		return p
	}
	joined := c.held
	total := c.n + copy(joined[c.n:], p)
	n, kind := sequence(joined[:total])
	used := n - c.n // at least 0: held is a prefix of a well-formed sequence
	switch kind {
	case incomplete:
		c.held, c.n = joined, total
		return nil
	case wellFormed:
		emit(joined[:n])
	case illFormed:
		emit([]byte(replacement))
	}
	c.n = 0
	return p[used:]
}

// cleanAll emits p with U+FFFD in place of ill-formed subparts. p does not end
// with an incomplete sequence.
func cleanAll(p []byte, emit func([]byte)) {
	start := 0
	for i := 0; i < len(p); {
		if p[i] < utf8.RuneSelf {
			i++
			continue
		}
		n, kind := sequence(p[i:])
		if kind != wellFormed {
			if i > start {
				emit(p[start:i])
			}
			emit([]byte(replacement))
			start = i + n
		}
		i += n
	}
	if start < len(p) {
		emit(p[start:])
	}
}

// incompleteTail returns the length of the incomplete sequence that p ends
// with, or 0.
func incompleteTail(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		tail := p[len(p)-n:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if m, kind := sequence(tail); kind == incomplete && m == n {
			return n
		}
		return 0
	}
	return 0
}

// sequenceKind says what the bytes at the beginning of a text are.
type sequenceKind int

const (
	wellFormed sequenceKind = iota // a whole sequence
	illFormed                      // a maximal subpart that cannot be completed
	incomplete                     // all of the text: the beginning of a sequence
)

// sequence returns the length and the kind of what p, which must not be empty,
// begins with. Its ranges are table 3-7 of the Unicode standard.
func sequence(p []byte) (int, sequenceKind) {
	need, lo, hi := 0, byte(0x80), byte(0xBF)
	switch b := p[0]; {
	case b < 0x80:
		return 1, wellFormed
	case b < 0xC2 || b > 0xF4:
		return 1, illFormed
	case b < 0xE0:
		need = 2
	case b < 0xF0:
		need = 3
		if b == 0xE0 {
			lo = 0xA0
		} else if b == 0xED {
			hi = 0x9F
		}
	default:
		need = 4
		if b == 0xF0 {
			lo = 0x90
		} else if b == 0xF4 {
			hi = 0x8F
		}
	}
	for i := 1; i < need; i++ {
		if i == len(p) {
			return i, incomplete
		}
		if p[i] < lo || p[i] > hi {
			return i, illFormed
		}
		lo, hi = 0x80, 0xBF
	}
	return need, wellFormed
}
