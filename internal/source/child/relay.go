package child

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/recorder"
)

const (
	copyBuffer = 64 << 10
	// maxDrain bounds what is still read of the output when the program has ended: more
	// than any pipe holds, but not all that another process may write.
	maxDrain = 1 << 20
)

// relay copies one output stream of the program.
type relay struct {
	from  *os.File // our end
	given int      // the program's end; -1 when it was closed
	to    *os.File
	tty   bool
	lines *lines
	wg    sync.WaitGroup
}

// newRelay makes the stream that the program gets in the place of to.
func newRelay(to *os.File, level recorder.Level, c *Child) (*relay, error) {
	r := &relay{to: to, given: -1}
	var err error
	if r.tty = isTerminal(to); r.tty {
		err = r.openTerminal()
	} else {
		err = r.openPipe()
	}
	if err != nil {
		return nil, err
	}
	r.lines = newLines(level, c)
	return r, nil
}

// openPipe opens a pipe whose one end blocks, as programs expect, and ours does not.
func (r *relay) openPipe() error {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return fmt.Errorf("open a pipe: %w", err)
	}
	if err := unix.SetNonblock(p[0], true); err != nil {
		_, _ = unix.Close(p[0]), unix.Close(p[1])
		return fmt.Errorf("open a pipe: %w", err)
	}
	r.from, r.given = os.NewFile(uintptr(p[0]), "output"), p[1]
	return nil
}

// openTerminal opens a pseudo-terminal like the one that to is.
func (r *relay) openTerminal() error {
	master, slave, err := pty.Open()
	if err != nil {
		return fmt.Errorf("open a terminal: %w", err)
	}
	defer slave.Close()
	r.from = master
	if err := rawOutput(slave, r.to); err != nil {
		_ = master.Close()
		return err
	}
	r.resize()
	if r.given, err = unix.FcntlInt(slave.Fd(), unix.F_DUPFD_CLOEXEC, 0); err != nil {
		_ = master.Close()
		return fmt.Errorf("open a terminal: %w", err)
	}
	return unix.SetNonblock(r.given, false)
}

// abandon gives up a relay that was not started.
func (r *relay) abandon() {
	closeAfterStart(&r.given)
	_ = r.from.Close()
}

// start begins to copy. The program has its end by now.
func (r *relay) start() {
	closeAfterStart(&r.given)
	r.wg.Go(r.copy)
	r.lines.start()
}

func (r *relay) copy() {
	defer r.lines.close()
	defer r.from.Close() // after which the program's writes fail
	buf := make([]byte, copyBuffer)
	for {
		n, err := r.from.Read(buf)
		if n > 0 && !r.pass(buf[:n]) {
			return
		}
		if err != nil {
			break
		}
	}
	// The end of the stream, or of the program: then the rest is what can be had
	// without waiting.
	if r.from.SetReadDeadline(time.Time{}) != nil {
		return
	}
	raw, err := r.from.SyscallConn()
	if err != nil {
		return
	}
	for drained, n := 0, 0; drained < maxDrain; drained += n {
		var failed error
		err := raw.Read(func(fd uintptr) bool {
			n, failed = unix.Read(int(fd), buf)
			return true
		})
		if err != nil || failed != nil || n <= 0 || !r.pass(buf[:n]) {
			return
		}
	}
}

// pass writes on what was read. It reports false when nobody takes it any more.
func (r *relay) pass(data []byte) bool {
	_, err := r.to.Write(data)
	r.lines.add(data)
	return err == nil
}

// finish makes the copying end with what is there.
func (r *relay) finish() { _ = r.from.SetReadDeadline(time.Unix(1, 0)) }

func (r *relay) wait() {
	r.wg.Wait()
	r.lines.wait()
}

// last returns the last entry of the stream, after wait.
func (r *relay) last() recorder.LogEntry { return r.lines.last }
