package child

import (
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Codes of a child's signal information, <bits/siginfo-consts.h>.
const (
	childStopped   = 5 // CLD_STOPPED
	childContinued = 6 // CLD_CONTINUED
)

// watch follows the program's state until it has ended, and reaps it.
func (c *Child) watch() {
	ui := c.opts.Recorder.UI
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, c.pid, &info, unix.WEXITED|unix.WSTOPPED|unix.WCONTINUED|unix.WNOWAIT, nil)
		if err == unix.EINTR {
			continue
		}
		now := time.Now()
		if err == nil && (info.Code == childStopped || info.Code == childContinued) {
			// Looking does not consume these.
			_ = unix.Waitid(unix.P_PID, c.pid, nil, unix.WSTOPPED|unix.WCONTINUED|unix.WNOHANG, nil)
			state := recorder.StatePaused
			if info.Code == childContinued {
				state = recorder.StateResumed
			}
			ui.Lifecycle(state, now)
			continue
		}
		c.reap()
		runtime.KeepAlive(c)
		return
	}
}

// reap takes the exit status. From then on the pid is not ours.
func (c *Child) reap() {
	c.mu.Lock()
	defer c.mu.Unlock()
	var status unix.WaitStatus
	_, err := unix.Wait4(c.pid, &status, 0, nil)
	for err == unix.EINTR {
		_, err = unix.Wait4(c.pid, &status, 0, nil)
	}
	c.reaped = true
	switch {
	case err != nil:
		c.log.Warn("the end of the program is not known", "err", err)
		c.exit = Exit{Code: 1}
	case status.Signaled():
		c.exit = Exit{Signal: syscall.Signal(status.Signal())}
	default:
		c.exit = Exit{Code: status.ExitStatus()}
	}
}

// Report records how the program ended. It is called after Wait, so that it is the
// last that is told.
func (c *Child) Report(name string) {
	rec, now := c.opts.Recorder, time.Now()
	level := recorder.Info
	if c.exit.Status() != 0 {
		level = recorder.Error
		if e, ok := c.lastException(now); ok {
			rec.UI.Failure(recorder.Failure{Message: e.Message, Stack: e.Exception}, e.Time)
		}
	}
	rec.Logs.Record(recorder.LogEntry{
		Time: now, Level: level, Category: "heliograph.run", Source: recorder.SourceFramework,
		Message: fmt.Sprintf("%s %s", name, c.exit),
	})
	rec.UI.Lifecycle(recorder.StateStopped, now)
}

// lastWords is how long before its end a program may have printed the exception that
// it died of.
const lastWords = 5 * time.Second

// lastException returns what the program printed last on standard error, if it is an
// exception and the program did not end because of a signal from outside.
func (c *Child) lastException(now time.Time) (recorder.LogEntry, bool) {
	last := c.relays[len(c.relays)-1].last()
	if last.Exception == "" || now.Sub(last.Time) > lastWords || c.exit.Signal != 0 && c.exit.Signal != syscall.SIGABRT {
		return recorder.LogEntry{}, false
	}
	return last, true
}
