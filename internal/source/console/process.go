package console

import (
	"errors"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of ending a session.
const (
	killAfter   = 2 * time.Second // from SIGTERM and hang-up to SIGKILL
	giveUpAfter = 3 * time.Second // from SIGKILL to "cannot be killed"
)

// process is a shell that leads a session of processes. It is not reaped before
// reap is called: while it is a zombie, its id, which is the id of the session
// and of its process group, cannot be given to anybody else.
type process struct {
	cmd     *exec.Cmd
	exited  chan struct{} // closed when the shell has exited
	mayReap chan struct{} // closed by reap
	reaped  chan struct{} // closed when the shell is gone
}

func startProcess(cmd *exec.Cmd) (*process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{}), mayReap: make(chan struct{}), reaped: make(chan struct{})}
	go p.wait()
	return p, nil
}

// wait ends when the shell has been reaped, which the owner of p waits for.
func (p *process) wait() {
	defer close(p.reaped)
	for {
		err := unix.Waitid(unix.P_PID, p.cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	close(p.exited)
	<-p.mayReap
	_ = p.cmd.Wait() // the state tells more than the error
}

// end ends every process of the session: SIGTERM, hangup, and SIGKILL for what
// is left after killAfter. It returns whether nothing is left. It must be called
// before reap.
func (p *process) end(hangup func()) bool {
	id := p.cmd.Process.Pid
	signalSession(id, syscall.SIGTERM)
	hangup()
	return waitSession(id, 0, killAfter) || waitSession(id, syscall.SIGKILL, giveUpAfter)
}

// reap waits for the shell and returns its exit code, or nil if a signal ended
// it or if it cannot be ended (it hangs in the kernel; it is then reaped when it
// comes back).
func (p *process) reap(timeout <-chan time.Time) *int {
	close(p.mayReap)
	select {
	case <-p.reaped:
	case <-timeout:
		return nil
	}
	if state := p.cmd.ProcessState; state != nil && state.Exited() {
		code := state.ExitCode()
		return &code
	}
	return nil
}

// waitSession polls until the session has no process, sending signal to those
// it finds, and reports whether it got there within limit. Being told would
// need a process connector or a cgroup, which not every device gives us.
func waitSession(id int, signal syscall.Signal, limit time.Duration) bool {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		// A process can fork and exit behind the back of one scan.
		if signalSession(id, signal) == 0 && signalSession(id, signal) == 0 { //nolint:staticcheck // each call scans again
			return true
		}
		select {
		case <-deadline.C:
			return false
		case <-time.After(pause):
		}
	}
}
