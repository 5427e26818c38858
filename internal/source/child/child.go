package child

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Why a program could not be started.
var (
	// ErrNotFound says that there is no such program.
	ErrNotFound = errors.New("command not found")
	// ErrNotExecutable says that the file is no program that may be run.
	ErrNotExecutable = errors.New("cannot be executed")
	// ErrCanceled says that Options.Canceled came before the program was started.
	ErrCanceled = errors.New("canceled before it was started")
)

// Options of a child. Command, the three streams and Recorder are required.
type Options struct {
	// Command is the program, looked for in PATH, and its arguments.
	Command []string
	// Env is its environment; nil means ours.
	Env []string
	// Stdin is given to the program; Stdout and Stderr get what it prints. They stay
	// the caller's.
	Stdin, Stdout, Stderr *os.File
	// Recorder gets log entries and what happens in the program's life.
	Recorder *recorder.Recorder
	// Redact takes secrets out of log entries; nil leaves them as they are.
	Redact func(string) string
	// Witness is a command that does nothing but Witness. Without it every signal is
	// passed on.
	Witness []string
	// Canceled is closed by the signals that would end the program. Start starts nothing
	// if one came before it has taken over signals itself, which passes on all that come
	// later. It may be nil.
	Canceled <-chan struct{}
	// Logger may be nil.
	Logger *slog.Logger
}

// Exit says how a program ended.
type Exit struct {
	Code   int            // if it ended by itself
	Signal syscall.Signal // that ended it; 0: none
}

// Status is what a shell would say: the code, or 128 and the number of the signal.
func (e Exit) Status() int {
	if e.Signal != 0 {
		return 128 + int(e.Signal)
	}
	return e.Code
}

// String describes the end.
func (e Exit) String() string {
	if e.Signal != 0 {
		return fmt.Sprintf("was ended by %s", unix.SignalName(e.Signal))
	}
	return fmt.Sprintf("has ended with exit code %d", e.Code)
}

// Child is a program that was started.
type Child struct {
	opts Options
	log  *slog.Logger
	pid  int

	mu     sync.Mutex
	reaped bool // the pid may be another process's by now

	relays  []*relay
	signals *signals
	exit    Exit
	ended   chan struct{} // the program has ended
	done    chan struct{} // and its output was read
}

// Start starts the program. The caller must Wait for it.
func Start(opts Options) (*Child, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Redact == nil {
		opts.Redact = func(s string) string { return s }
	}
	path, err := exec.LookPath(opts.Command[0])
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return nil, notStarted(opts.Command[0], err)
	}
	c := &Child{opts: opts, log: opts.Logger, ended: make(chan struct{}), done: make(chan struct{})}
	signals, err := newSignals(opts.Witness, opts.Logger)
	if err != nil {
		return nil, err
	}
	c.signals = signals
	select {
	case <-opts.Canceled:
		signals.close()
		return nil, fmt.Errorf("%s: %w", opts.Command[0], ErrCanceled)
	default:
	}
	started := make(chan error, 1)
	go c.live(path, started)
	if err := <-started; err != nil {
		c.signals.close()
		return nil, notStarted(opts.Command[0], err)
	}
	c.signals.deliver(c)
	return c, nil
}

func notStarted(name string, err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%s: %w", name, ErrNotFound)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.ENOEXEC), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s: %w: %w", name, ErrNotExecutable, err)
	}
	return fmt.Errorf("start %s: %w", name, err)
}

// live starts the program and stays with it until its end. It keeps its thread: for
// the kernel, whose end the program is told of, the parent is the thread.
func (c *Child) live(path string, started chan<- error) {
	runtime.LockOSThread()
	err := c.launch(path)
	started <- err
	if err != nil {
		return
	}
	c.opts.Recorder.UI.Lifecycle(recorder.StateStarted, time.Now())
	c.watch()
	close(c.ended)
	c.drain()
	close(c.done)
}

// launch starts the program with its streams.
func (c *Child) launch(path string) error {
	out, err := newRelay(c.opts.Stdout, recorder.Info, c)
	if err != nil {
		return err
	}
	errs, err := newRelay(c.opts.Stderr, recorder.Warning, c)
	if err != nil {
		out.abandon()
		return err
	}
	env := c.opts.Env
	if env == nil {
		env = os.Environ()
	}
	err = withFd(c.opts.Stdin, func(stdin uintptr) error {
		attr := &syscall.ProcAttr{
			Env:   env,
			Files: []uintptr{stdin, uintptr(out.given), uintptr(errs.given)},
			Sys:   &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM},
		}
		c.pid, _, err = syscall.StartProcess(path, c.opts.Command, attr)
		if errors.Is(err, syscall.ENOEXEC) { // a script without a first line, as for execvp(3)
			c.pid, _, err = syscall.StartProcess("/bin/sh", append([]string{"/bin/sh", path}, c.opts.Command[1:]...), attr)
		}
		return err
	})
	if err != nil {
		out.abandon()
		errs.abandon()
		return err
	}
	for _, r := range []*relay{out, errs} {
		r.start()
		c.relays = append(c.relays, r)
	}
	return nil
}

// withFd calls f with a file's descriptor, and does not change its mode as Fd does.
func withFd(file *os.File, f func(uintptr) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(fd) }); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return failed
}

// PID returns the process id.
func (c *Child) PID() int { return c.pid }

// Wait waits until the program has ended and what it printed is recorded.
func (c *Child) Wait() Exit {
	<-c.done
	c.signals.close()
	return c.exit
}

// Ended is closed when the program has ended.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// Signal sends a signal, if the program has not ended.
func (c *Child) Signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.reaped {
		_ = unix.Kill(c.pid, s)
	}
}

// drain ends the copying of the output. What other processes still write to it is
// lost: they are not what was waited for.
func (c *Child) drain() {
	for _, r := range c.relays {
		r.finish()
	}
	for _, r := range c.relays {
		r.wait()
	}
}

// closeAfterStart closes a descriptor that the program has now.
func closeAfterStart(fd *int) {
	if *fd >= 0 {
		_ = unix.Close(*fd)
		*fd = -1
	}
}
