package console

import (
	"errors"
	"io"
	"os"
	"time"
)

const (
	// readSize bounds how much output is taken from the terminal at once. At
	// the speed of a PTY it is half a millisecond of it.
	readSize = 32 << 10

	// After the shell has exited, output is taken until it is quiet for
	// drainQuiet, at most for drainLimit and drainBytes: processes that it left
	// behind may keep the terminal open and go on to print.
	drainQuiet = 50 * time.Millisecond
	drainLimit = 500 * time.Millisecond
	drainBytes = 256 << 10

	// reopenPoll is how often a terminal is tried that a living shell has
	// closed and may open again.
	reopenPoll = 50 * time.Millisecond
)

// readAll publishes the output of the terminal until the shell has exited and
// the rest was read, or the terminal was closed.
func (s *Session) readAll() {
	buf := make([]byte, readSize)
	for {
		s.pace()
		n, err := s.tty.read(buf)
		switch {
		case n > 0:
			s.publish(buf[:n])
		case errors.Is(err, io.EOF):
			s.awaitExit(reopenPoll)
		case errors.Is(err, os.ErrDeadlineExceeded):
			<-s.exited // the deadline is set just before
		default:
			s.flush()
			return
		}
		select {
		case <-s.exited:
			s.drain(buf)
			s.flush()
			return
		default:
		}
	}
}

// awaitExit waits for the exit of the shell, but not longer than d.
func (s *Session) awaitExit(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.exited:
	case <-timer.C:
	}
}

// drain publishes what was printed before the exit.
func (s *Session) drain(buf []byte) {
	left := drainBytes
	for end := time.Now().Add(drainLimit); left > 0 && time.Now().Before(end); {
		s.tty.expireRead(drainQuiet)
		n, err := s.tty.read(buf)
		if err != nil {
			return
		}
		s.publish(buf[:n])
		left -= n
	}
}

// publish adds output to the replay and, if anybody is attached, to the topic.
func (s *Session) publish(output []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clean.write(output, s.replay.add)
	s.publishLocked()
}

// flush publishes what was held back for an end that never came.
func (s *Session) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clean.flush(s.replay.add)
	s.publishLocked()
}

func (s *Session) publishLocked() {
	s.touch()
	s.replay.take(func(c Chunk) {
		if len(s.viewers) == 0 {
			return
		}
		if e := s.output.Publish(c); e != nil {
			s.published = e.Seq
		}
	})
}
