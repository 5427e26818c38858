package app

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// rebootTimeout bounds the command that restarts the device, which only has to
	// order that.
	rebootTimeout = time.Minute
	// maxComplaint bounds what is told of a command's output, in bytes.
	maxComplaint = 500
)

// runCommand runs a program with its arguments and waits for it. An error tells
// the end of what it printed. When ctx or the time is over, the program and all
// that it has started is killed.
func runCommand(ctx context.Context, command []string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var said tail
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		err = fmt.Errorf("no end after %v", timeout)
	}
	if text := strings.TrimSpace(string(said)); text != "" {
		return fmt.Errorf("%s: %w: %s", command[0], err, text)
	}
	return fmt.Errorf("%s: %w", command[0], err)
}

// tail keeps the end of what is written.
type tail []byte

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	*t = (*t)[max(0, len(*t)-maxComplaint):]
	return len(p), nil
}
