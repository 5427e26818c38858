package device

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options of a device. The zero value is a server on a free loopback port with a
// fresh state directory.
type Options struct {
	// Args are further arguments of serve, or of run.
	Args []string
	// Run is a command for heliograph run, which is started instead of serve. The
	// program must end with code 0 when it gets SIGTERM.
	Run []string
	// Program is a command that is started instead of heliograph: a server that prints
	// as heliograph does where it listens, and ends with code 0 when it gets SIGTERM.
	Program []string
	// Env are further NAME=VALUE entries; they win over the inherited ones.
	Env []string
	// Config, if not empty, is the text of the configuration file.
	Config string
	// StateDir is used instead of a fresh directory, for restarts.
	StateDir string
	// Listen are the addresses to listen on instead of 127.0.0.1:0.
	Listen []string
	// Wrap is a command that becomes the server: its last step must be exec "$@".
	Wrap []string
	// OwnNetwork tells that Wrap has given the server a network namespace of
	// its own, from within which it is to be reached.
	OwnNetwork bool
}

// Device is a running server.
type Device struct {
	// URL is http://host:port of the first listener.
	URL string
	// StateDir is the state directory.
	StateDir string
	// Home is the server's home directory, which no other process has.
	Home string

	t        testing.TB
	cmd      *exec.Cmd
	client   *http.Client
	inside   bool // the server has a network of its own
	validate *validator
	stdout   output
	stderr   output
	reading  sync.WaitGroup
	stopped  bool
	ended    context.Context // done when the process has been waited for
	end      context.CancelFunc
}

// Start starts a server and waits until it listens. It is stopped, and checked
// as by Stop, at the end of the test.
func Start(t testing.TB, opts Options) *Device {
	t.Helper()
	path, err := Binary()
	if err != nil {
		t.Fatal(err)
	}
	d := &Device{t: t, StateDir: opts.StateDir, Home: t.TempDir(), inside: opts.OwnNetwork, validate: newValidator(t)}
	d.ended, d.end = context.WithCancel(context.Background())
	if d.StateDir == "" {
		d.StateDir = filepath.Join(t.TempDir(), "state")
	}
	command := append(slices.Clone(opts.Wrap), d.command(path, opts)...)
	d.cmd = exec.Command(command[0], command[1:]...)
	d.cmd.Env = append(append(os.Environ(), "HOME="+d.Home, "SHELL=/bin/bash"), opts.Env...)
	// A test that is killed, or runs into its time limit, leaves no server behind.
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	d.collect()
	if err := d.launch(); err != nil {
		t.Fatal(err)
	}
	d.client = &http.Client{Transport: &http.Transport{DialContext: d.dialer(0), MaxIdleConnsPerHost: 64}, Timeout: Patience}
	t.Cleanup(func() {
		d.Stop()
		if t.Failed() {
			t.Logf("log of the server:\n%s", d.notable())
		}
	})
	const line = "listening on "
	Poll(t, "the server to listen", func() bool {
		_, url, found := strings.Cut(d.stdout.text(), line)
		if !found || !strings.Contains(url, "\n") {
			if d.stderr.contains("Error") || d.exited() {
				t.Fatalf("the server does not start:\n%s", d.Log())
			}
			return false
		}
		d.URL, _, _ = strings.Cut(url, "\n")
		return true
	})
	return d
}

// launch starts the process from a thread that lives as long as it does: for the
// kernel the parent is the thread, and its end would be the server's.
func (d *Device) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- d.cmd.Start()
		<-d.ended.Done()
	}()
	return <-started
}

// command is what is started.
func (d *Device) command(path string, opts Options) []string {
	if opts.Program != nil {
		return opts.Program
	}
	verb := []string{path, "serve", "--state-dir", d.StateDir}
	if opts.Run != nil {
		verb = []string{path, "run"}
	}
	args := append(verb, d.args(opts)...)
	if opts.Run != nil {
		args = append(append(args, "--"), opts.Run...)
	}
	return args
}

func (d *Device) args(opts Options) []string {
	var args []string
	if len(opts.Listen) == 0 {
		opts.Listen = []string{"127.0.0.1:0"}
	}
	for _, addr := range opts.Listen {
		args = append(args, "--listen", addr)
	}
	if opts.Config != "" {
		path := filepath.Join(d.t.TempDir(), "heliograph.yaml")
		if err := os.WriteFile(path, []byte(opts.Config), 0o600); err != nil {
			d.t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	return append(args, opts.Args...)
}

// collect keeps what the server prints.
func (d *Device) collect() {
	for _, stream := range []struct {
		pipe func() (io.ReadCloser, error)
		to   *output
	}{{d.cmd.StdoutPipe, &d.stdout}, {d.cmd.StderrPipe, &d.stderr}} {
		pipe, err := stream.pipe()
		if err != nil {
			d.t.Fatal(err)
		}
		d.reading.Go(func() { stream.to.fill(pipe) })
	}
}

// Pid returns the server's process id.
func (d *Device) Pid() int { return d.cmd.Process.Pid }

// Addr returns host:port of the first listener.
func (d *Device) Addr() string { return strings.TrimPrefix(d.URL, "http://") }

// Output returns what the server has written to standard output.
func (d *Device) Output() string { return d.stdout.text() }

// Log returns what the server has written to standard error.
func (d *Device) Log() string { return d.stderr.text() }

// notable returns the last records of the log that are not about requests.
func (d *Device) notable() string {
	const most = 100
	var lines []string
	for line := range strings.Lines(d.Log()) {
		if !strings.Contains(line, "level=INFO msg=request ") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-most):], "")
}

// Token returns the access token that was printed at the first start of the
// state directory.
func (d *Device) Token() string {
	d.t.Helper()
	Poll(d.t, "the token to be printed", func() bool { return d.stdout.contains("#token=") })
	_, token, _ := strings.Cut(d.stdout.text(), "#token=")
	return strings.Fields(token)[0]
}

// Stop ends the server with SIGTERM and waits for it. It fails the test unless
// the exit code is 0, nothing that the server started is left, and the race
// detector found nothing. Stopping twice is nothing.
func (d *Device) Stop() {
	d.t.Helper()
	if d.stopped {
		return
	}
	// A connection that was opened and not used makes the server wait.
	d.client.CloseIdleConnections()
	d.Terminate()
	d.Wait()
}

// Terminate sends SIGTERM and does not wait.
func (d *Device) Terminate() { _ = d.cmd.Process.Signal(syscall.SIGTERM) }

// Wait waits for a server that has been told to end, with the checks of Stop.
func (d *Device) Wait() {
	d.t.Helper()
	d.stopped = true
	defer d.end()
	timeout := time.AfterFunc(Patience, func() {
		_ = d.cmd.Process.Signal(syscall.SIGQUIT) // the stacks tell where it hangs
		time.AfterFunc(5*time.Second, func() { _ = d.cmd.Process.Kill() })
	})
	defer timeout.Stop()
	d.reading.Wait()
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("the server ended with %v:\n%s", err, d.Log())
	}
	if d.stderr.contains("DATA RACE") {
		d.t.Errorf("the race detector speaks:\n%s", d.Log())
	}
	d.client.CloseIdleConnections()
	d.checkLeftovers()
}

// Kill ends the server at once, as a loss of power would, without any check but
// that it is gone.
func (d *Device) Kill() {
	d.stopped = true
	defer d.end()
	_ = syscall.Kill(-d.Pid(), syscall.SIGKILL)
	for _, pid := range d.Leftovers() { // shells have sessions of their own
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	d.reading.Wait()
	_ = d.cmd.Wait() // says that it was killed
	d.client.CloseIdleConnections()
}

func (d *Device) exited() bool {
	state, err := os.ReadFile(d.proc("stat"))
	_, after, _ := bytes.Cut(state, []byte(") "))
	return err != nil || bytes.HasPrefix(after, []byte("Z"))
}

// output collects text that is written meanwhile.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) fill(from io.Reader) {
	r := bufio.NewReader(from)
	for {
		line, err := r.ReadBytes('\n')
		o.mu.Lock()
		o.buf.Write(line)
		o.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func (o *output) contains(s string) bool { return strings.Contains(o.text(), s) }
