package uevent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kernelGroup is the multicast group of the kernel's own events; udev's
// processed ones come in group 2.
const kernelGroup = 1

// receiveBuffer is the size asked for the socket's buffer. Memory is used only
// while events wait. A hub with a dozen devices makes about a hundred events of
// half a KiB at once.
const receiveBuffer = 1 << 20

// ErrUnavailable is wrapped by the error of [Listen] when this machine or this
// process cannot have kernel events.
var ErrUnavailable = errors.New("kernel events are not available")

// Options say which events are wanted. The zero value means all of the
// kernel's.
type Options struct {
	// Subsystems keeps the events of these subsystems only; empty means all.
	// Overruns are always reported.
	Subsystems []string
	// AcceptUserspace also takes events that a process has sent. For tests.
	AcceptUserspace bool
	// Logger gets a record for each message that is dropped, on debug level; nil
	// means no log.
	Logger *slog.Logger
}

// Listener is a socket that receives events from the moment [Listen] returns.
// It is used by one goroutine.
type Listener struct {
	opts Options
	file *os.File
	raw  syscall.RawConn
	buf  [maxMessage]byte
}

// Listen opens the socket. Events from now on wait in the kernel until Run takes
// them. The caller must call Run or Close.
func Listen(opts Options) (*Listener, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return nil, fmt.Errorf("open uevent socket: %w: %w", ErrUnavailable, err)
	}
	// The forced form ignores the system's limit but needs CAP_NET_ADMIN. With
	// neither the default buffer does too, it only overruns sooner.
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: kernelGroup}); err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("join uevent group: %w: %w", ErrUnavailable, err)
	}
	file := os.NewFile(uintptr(fd), "uevent")
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("watch uevent socket: %w", err)
	}
	return &Listener{opts: opts, file: file, raw: raw}, nil
}

// Close releases a listener that is not run. Closing twice is allowed.
func (l *Listener) Close() error {
	if err := l.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close uevent socket: %w", err)
	}
	return nil
}

// Run calls handle for each event, in the kernel's order and on the calling
// goroutine, until ctx is done; it then returns ctx's cause. Any other error
// means that the socket broke. It closes the listener. A handle that is slow
// makes the kernel's buffer overrun, which is told, and harms nobody else.
func (l *Listener) Run(ctx context.Context, handle func(Event)) error {
	var cancelled sync.WaitGroup
	cancelled.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer cancelled.Done()
		_ = l.file.SetReadDeadline(time.Unix(1, 0))
	})
	defer func() {
		if !stop() {
			cancelled.Wait()
		}
		_ = l.Close()
	}()
	for {
		e, keep, err := l.receive()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case keep:
			handle(e)
		}
	}
}

// receive waits for one message and tells whether it is wanted.
func (l *Listener) receive() (Event, bool, error) {
	var n, flags int
	var from unix.Sockaddr
	var err error
	waitErr := l.raw.Read(func(fd uintptr) bool {
		n, _, flags, from, err = unix.Recvmsg(int(fd), l.buf[:], nil, unix.MSG_DONTWAIT)
		return !errors.Is(err, unix.EAGAIN) && !errors.Is(err, unix.EINTR)
	})
	switch {
	case waitErr != nil:
		return Event{}, false, fmt.Errorf("wait for uevent: %w", waitErr)
	case errors.Is(err, unix.ENOBUFS):
		return Event{Overrun: true}, true, nil
	case err != nil:
		return Event{}, false, fmt.Errorf("receive uevent: %w", err)
	}
	e, keep := l.accept(l.buf[:n], flags, from)
	return e, keep, nil
}

// accept judges a message that has arrived.
func (l *Listener) accept(msg []byte, flags int, from unix.Sockaddr) (Event, bool) {
	sender, ok := from.(*unix.SockaddrNetlink)
	if !ok || sender.Pid != 0 && !l.opts.AcceptUserspace {
		l.opts.Logger.Debug("uevent of another process dropped")
		return Event{}, false
	}
	if flags&unix.MSG_TRUNC != 0 {
		// It happened, but we cannot say what: as good as lost.
		return Event{Overrun: true}, true
	}
	e, err := Parse(msg)
	if err != nil {
		l.opts.Logger.Debug("uevent dropped", "err", err)
		return Event{}, false
	}
	if len(l.opts.Subsystems) > 0 && !slices.Contains(l.opts.Subsystems, e.Subsystem) {
		return Event{}, false
	}
	return e, true
}
