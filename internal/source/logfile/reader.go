package logfile

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
)

// chunkSize is what is read at once. The lines of a chunk share one string, so
// it is also how much a history may hold beyond the lines themselves.
const chunkSize = 64 << 10

// reader reads lines from a place in a file on.
type reader struct {
	file   *os.File
	offset int64
	end    int64 // where drain stops; 0: at the end of the file
	split  splitter
	read   time.Time // when the last bytes were read
	buffer []byte
}

// drain yields all complete lines up to the end.
func (r *reader) drain(ctx context.Context, yield func(string) error) error {
	if r.buffer == nil {
		r.buffer = make([]byte, chunkSize)
	}
	for {
		want := r.buffer
		if r.end > 0 {
			want = want[:min(int64(len(want)), r.end-r.offset)]
		}
		if len(want) == 0 {
			return nil
		}
		n, err := r.file.ReadAt(want, r.offset)
		r.offset += int64(n)
		if n > 0 {
			r.read = time.Now()
			if err := r.split.feed(want[:n], yield); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// splitter cuts a stream of bytes into clean lines.
type splitter struct {
	part []byte // the beginning of a line, at most partSize bytes of it
}

// partSize is enough to see that a line is too long.
const partSize = logline.MaxText + 1

// feed yields the lines that chunk completes and keeps what is left. The texts
// do not refer to chunk.
func (s *splitter) feed(chunk []byte, yield func(string) error) error {
	if len(s.part) > 0 {
		i := bytes.IndexByte(chunk, '\n')
		if i < 0 {
			s.hold(chunk)
			return nil
		}
		s.hold(chunk[:i])
		chunk = chunk[i+1:]
		if err := s.flush(yield); err != nil {
			return err
		}
	}
	end := bytes.LastIndexByte(chunk, '\n')
	s.hold(chunk[end+1:])
	for rest, more := string(chunk[:max(end, 0)]), end >= 0; more; {
		var line string
		line, rest, more = strings.Cut(rest, "\n")
		if err := yield(logline.Clean(line)); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps the beginning of a line. NUL bytes before it are skipped here
// already, or the hole in a truncated file would count as a long line.
func (s *splitter) hold(b []byte) {
	if len(s.part) == 0 {
		b = bytes.TrimLeft(b, "\x00")
	}
	s.part = append(s.part, b[:min(len(b), partSize-len(s.part))]...)
}

// flush yields the line held back, if any.
func (s *splitter) flush(yield func(string) error) error {
	if len(s.part) == 0 {
		return nil
	}
	text := logline.Clean(string(s.part))
	s.part = s.part[:0]
	return yield(text)
}

// startOf returns the offset at which the last n lines (0: all) of the first
// size bytes begin, but none before the last window bytes (0: no bound). If the
// window is what ends the search, the line that it cuts is left out.
func startOf(ctx context.Context, file io.ReaderAt, size int64, n int, window int64) (int64, error) {
	lowest := int64(0)
	if window > 0 {
		lowest = max(0, size-window)
	}
	if n <= 0 && lowest == 0 {
		return 0, nil
	}
	block := make([]byte, chunkSize)
	first := size // start of the oldest line found so far
	for end := size; end > lowest; {
		begin := max(lowest, end-int64(len(block)))
		b := block[:end-begin]
		if _, err := file.ReadAt(b, begin); err != nil {
			return 0, err
		}
		// A newline ends a line: the line behind it begins one further.
		for i := bytes.LastIndexByte(b, '\n'); i >= 0; i = bytes.LastIndexByte(b[:i], '\n') {
			at := begin + int64(i) + 1
			if at == size {
				continue
			}
			first = at
			if n--; n == 0 {
				return first, nil
			}
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		end = begin
	}
	if lowest == 0 {
		return 0, nil
	}
	return first, nil
}

// endsLine reports whether the first size bytes end with a newline.
func endsLine(file io.ReaderAt, size int64) bool {
	var last [1]byte
	if size == 0 {
		return true
	}
	_, err := file.ReadAt(last[:], size-1)
	return err == nil && last[0] == '\n'
}
