package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/source/video"
)

// program is the ffmpeg of this device.
type program struct {
	path string // as configured; looked up when it is needed
}

// find returns the path of the program, or an error that wraps video.ErrNotInstalled.
func (p program) find() (string, error) {
	path, err := exec.LookPath(p.path)
	if err != nil {
		return "", fmt.Errorf("ffmpeg: %w", video.ErrNotInstalled)
	}
	return path, nil
}

// common returns the arguments that each child begins with.
func common() []string { return []string{"-nostdin", "-hide_banner", "-nostats", "-loglevel", "error"} }

// child runs ffmpeg with the arguments until ctx is done, it ends, or read returns. feed,
// if not nil, writes its input and ends when that is closed; read reads its output. When
// child returns, the process group is gone and both functions have returned.
func (p program) child(ctx context.Context, args []string, feed func(io.Writer) error, read func(io.Reader) error) error {
	path, err := p.find()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(common(), args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 2 * time.Second
	var told tail
	cmd.Stderr = &told
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	var stdin io.WriteCloser
	if feed != nil {
		if stdin, err = cmd.StdinPipe(); err != nil {
			return fmt.Errorf("start ffmpeg: %w", err)
		}
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start ffmpeg: %w", err)
	}
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		if feed != nil {
			_ = feed(stdin) // fails when the child has ended, which tells why itself
			_ = stdin.Close()
		}
	}()
	readErr := read(stdout)
	ended := errors.Is(readErr, io.EOF) || errors.Is(readErr, io.ErrUnexpectedEOF)
	if !ended {
		cancel() // it is still writing
	}
	waitErr := cmd.Wait()
	cancel()
	if stdin != nil {
		_ = stdin.Close() // wakes feed, if it is writing
	}
	<-fed
	return outcome(readErr, waitErr, told.String(), ended)
}

// outcome says why a child has ended: nil if it came to the end of its input.
func outcome(readErr, waitErr error, told string, ended bool) error {
	switch {
	case !ended:
		return readErr
	case waitErr == nil && errors.Is(readErr, io.EOF):
		return nil
	case told != "":
		return fmt.Errorf("ffmpeg: %s", told)
	case waitErr != nil:
		return fmt.Errorf("ffmpeg: %w", waitErr)
	}
	return fmt.Errorf("ffmpeg: %w", readErr)
}

// tail keeps the beginning of what a child says, which is the cause as a rule, and the
// end. It is written to by one goroutine before it is read.
type tail struct {
	first, last []byte
}

const tailSize = 1024

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	n := len(p)
	if room := tailSize - len(t.first); room > 0 {
		take := min(room, len(p))
		t.first, p = append(t.first, p[:take]...), p[take:]
	}
	t.last = append(t.last, p...)
	if over := len(t.last) - tailSize; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	return n, nil
}

// String returns what was said on one line, printable.
func (t *tail) String() string {
	text := append(bytes.Clone(t.first), t.last...)
	text = bytes.ToValidUTF8(text, []byte("?"))
	lines := strings.FieldsFunc(string(text), func(r rune) bool { return r < ' ' || r == 0x7f })
	return strings.Join(lines, "; ")
}

// discreet hides the user and password of a URL in an error's text.
func discreet(err error, raw string) error {
	if err == nil {
		return nil
	}
	u, parseErr := url.Parse(raw)
	if parseErr != nil || u.User == nil {
		return err
	}
	clean := *u
	clean.User = nil
	text := strings.ReplaceAll(err.Error(), raw, clean.String())
	text = strings.ReplaceAll(text, u.User.String()+"@", "")
	if password, ok := u.User.Password(); ok && password != "" {
		text = strings.ReplaceAll(text, password, "…")
	}
	return &hiddenError{text: text, err: err}
}

// hiddenError is an error with another text.
type hiddenError struct {
	text string
	err  error
}

func (e *hiddenError) Error() string        { return e.text }
func (e *hiddenError) Is(target error) bool { return errors.Is(e.err, target) }
