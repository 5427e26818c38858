package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lingering is how long a child may live on after it has closed its output.
const lingering = 2 * time.Second

// child is a running program, in a process group of its own.
type child struct {
	cmd  *exec.Cmd
	out  io.ReadCloser // read it to its end, then call wait
	name string

	stderr lastText
	stop   func() bool   // unregisters the kill when ctx is done
	killed chan struct{} // closed when that kill has happened
}

// startChild starts a program. When ctx is done, its whole process group is
// killed and out ends. The owner must call wait in any case.
func startChild(ctx context.Context, name string, args []string) (*child, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c := &child{cmd: exec.Command(name, args...), name: filepath.Base(name), killed: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "SYSTEMD_COLORS=0", "SYSTEMD_URLIFY=0")
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.cmd.Stderr = &c.stderr
	// Bounds the wait for a grandchild that keeps stderr open.
	c.cmd.WaitDelay = time.Second
	var err error
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.stop = context.AfterFunc(ctx, func() {
		defer close(c.killed)
		c.kill()
		c.out.Close() // a grandchild in another group may hold the pipe
	})
	return c, nil
}

// kill ends the process group. It must not be called after wait.
func (c *child) kill() { _ = unix.Kill(-c.cmd.Process.Pid, unix.SIGKILL) }

// wait waits for the program, which has closed its output or was killed, and
// reaps it. The error says how it failed and what it wrote to stderr.
func (c *child) wait() error {
	slow := time.AfterFunc(lingering, c.kill)
	// The id of the group stays ours as long as the child is not reaped: all
	// killing has to be over by then.
	for unix.Waitid(unix.P_PID, c.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	slow.Stop()
	if !c.stop() {
		<-c.killed
	}
	c.kill() // what the program may have started
	err := c.cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	if said := c.said(); err != nil && said != "" {
		return fmt.Errorf("%s: %w: %s", c.name, err, said)
	} else if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return nil
}

// said returns what the program wrote to stderr, on one line.
func (c *child) said() string {
	return strings.Join(strings.FieldsFunc(c.stderr.String(), func(r rune) bool { return r == '\n' || r == '\r' }), " ")
}

// lastText keeps the last bytes written to it.
type lastText struct {
	mu sync.Mutex
	b  []byte
}

const lastTextSize = 2048

// Write never fails.
func (l *lastText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = append(l.b, p[max(0, len(p)-lastTextSize):]...)
	l.b = append(l.b[:0], l.b[max(0, len(l.b)-lastTextSize):]...)
	return len(p), nil
}

// String returns the text as valid UTF-8.
func (l *lastText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(strings.ToValidUTF8(string(l.b), "\uFFFD"))
}
