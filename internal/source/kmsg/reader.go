package kmsg

import (
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline"
)

// reader makes lines of records.
type reader struct {
	device interface {
		read(b []byte, wait bool) (int, error)
	}
	boot     func() time.Time
	location *time.Location

	buffer [recordSize]byte
	seq    uint64 // of the record that has to come next
	begun  bool   // seq is known
}

// lossLevel is the priority of the line that tells of lost records: warning.
const lossLevel = 4

// next yields the lines of the next record. It returns false at the end of the
// log, which it only does without wait.
func (r *reader) next(wait bool, yield func(logline.Line) error) (bool, error) {
	n, err := r.device.read(r.buffer[:], wait)
	switch {
	case errors.Is(err, unix.EPIPE):
		return true, nil // overwritten before it was read: the next one tells how many
	case err != nil:
		return false, err
	case n == 0 && wait:
		return false, io.ErrUnexpectedEOF
	case n == 0:
		return false, nil
	}
	rec, err := parse(r.buffer[:n])
	if err != nil {
		// A device that is none must not keep us busy.
		return false, fmt.Errorf("%w: %.80q", err, r.buffer[:n])
	}
	now, prefix := time.Now(), r.prefix(rec)
	if lost := rec.seq - r.seq; r.begun && rec.seq > r.seq {
		text := fmt.Sprintf("%sheliograph: %d kernel messages were overwritten before they could be read", prefix, lost)
		if err := yield(logline.Line{Read: now, Text: text, Priority: lossLevel}); err != nil {
			return false, err
		}
	}
	r.seq, r.begun = rec.seq+1, true
	for text := range logline.Split(rec.text) {
		if err := yield(logline.Line{Read: now, Text: logline.Clean(prefix + text), Priority: rec.level}); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *reader) prefix(rec record) string {
	return r.boot().Add(rec.since).In(r.location).Format("2006-01-02T15:04:05,000000-07:00 ")
}
