package journal

import (
	"bufio"
	"errors"
	"io"
)

// maxEntry bounds the JSON of one entry. Bytes that are not UTF-8 take up to
// four characters each in it.
const maxEntry = 4 << 20

// scanner reads complete lines. What comes after the last newline is dropped:
// it is an entry that was cut off when its writer died.
type scanner struct {
	in      *bufio.Reader
	line    []byte // without the newline; valid until the next call
	skipped int    // bytes of this line beyond maxEntry, which are not in line
	long    []byte
}

func newScanner(in io.Reader) *scanner {
	return &scanner{in: bufio.NewReaderSize(in, 64<<10)}
}

// next reads one line and reports whether there was one.
func (s *scanner) next() bool {
	s.long, s.skipped = s.long[:0], 0
	for {
		piece, err := s.in.ReadSlice('\n')
		switch {
		case err == nil && len(s.long) == 0:
			s.line = piece[:len(piece)-1]
			return true
		case err == nil:
			s.keep(piece[:len(piece)-1])
			s.line = s.long
			if cap(s.long) > maxEntry/4 {
				s.long = nil // one huge entry is no reason to hold its memory
			}
			return true
		case errors.Is(err, bufio.ErrBufferFull):
			s.keep(piece)
		default:
			return false
		}
	}
}

func (s *scanner) keep(piece []byte) {
	n := min(len(piece), maxEntry-len(s.long))
	s.long = append(s.long, piece[:n]...)
	s.skipped += len(piece) - n
}
