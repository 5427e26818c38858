package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/childenv"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/source/child"
)

// How long a program may take to end, when the daemon ends, before it gets SIGTERM
// and then SIGKILL. The signal that ends the daemon has reached it, too, unless the
// daemon ends for another reason.
const (
	untilTerminated = 4 * time.Second
	untilKilled     = 5 * time.Second
	untilGone       = time.Second
)

// program is a program that is looked into.
type program struct {
	opts   ProgramOptions
	log    *slog.Logger
	redact func(string) string
	rec    *recorder.Recorder
	tree   *child.Tree
	doors  doors
	dir    string
	wg     sync.WaitGroup

	canceled <-chan struct{} // see child.Options; nil: never

	child *child.Child  // nil: not started
	exit  child.Exit    // when it has ended
	ended chan struct{} // and all is recorded
}

// newProgram opens the doors and starts nothing.
func newProgram(ctx context.Context, opts ProgramOptions, device recorder.Device, log *slog.Logger) (_ *program, err error) {
	p := &program{opts: opts, log: log, tree: child.NewTree(""), redact: func(s string) string { return s }, ended: make(chan struct{})}
	recording, secrets := opts.recording(log)
	if secrets != nil {
		p.redact = func(s string) string { return string(secrets.Body("", []byte(s))) }
	}
	recording.App.Name, recording.Device = p.name(), device
	recording.Profiler = recorder.ProfilerOptions{Sampler: p.tree.Sampler(), Abilities: child.Abilities()}
	p.rec = recorder.New(recording)
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.dir, err = os.MkdirTemp("", "heliograph-run-"); err != nil { // mode 0700
		return nil, fmt.Errorf("make a folder for the program's authorities: %w", err)
	}
	if err = p.openDoors(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// name is what the application is called: what was given, or the script that an
// interpreter runs, or the program.
func (p *program) name() string {
	if p.opts.Name != "" {
		return p.opts.Name
	}
	command := p.opts.Command
	if madeWith(command) != "native" && len(command) > 1 && !strings.HasPrefix(command[1], "-") {
		return filepath.Base(command[1])
	}
	return filepath.Base(command[0])
}

// madeWith says what a program is made with, as far as its name tells.
func madeWith(command []string) string {
	name := strings.ToLower(filepath.Base(command[0]))
	for _, known := range []string{"node", "deno", "bun", "python", "ruby", "perl", "php", "java", "dotnet"} {
		if rest, ok := strings.CutPrefix(name, known); ok && strings.Trim(rest, "0123456789.js") == "" {
			return known
		}
	}
	return "native"
}

// model implements subject.
func (p *program) model() *recorder.Recorder { return p.rec }

// framework implements subject.
func (p *program) framework(context.Context) (name, version string) {
	return madeWith(p.opts.Command), "unknown"
}

// start starts the program, which reaches the server at urls without the proxy.
func (p *program) start(urls []string) error {
	p.doors.serve(&p.wg, p.log)
	p.opts.announce(p.rec, "heliograph.run", p.log)
	env, err := p.environment(urls)
	if err != nil {
		return err
	}
	c, err := child.Start(child.Options{
		Command: p.opts.Command, Env: env, Stdin: p.opts.Stdin, Stdout: p.opts.Stdout, Stderr: p.opts.Stderr,
		Recorder: p.rec, Redact: p.redact, Witness: p.opts.Witness, Canceled: p.canceled, Logger: p.log,
	})
	if err != nil {
		return err
	}
	p.child = c
	p.follow(c)
	p.wg.Go(func() {
		p.exit = c.Wait()
		c.Report(p.name())
		p.log.Info("the program has ended", "name", p.name(), "status", p.exit.Status())
		close(p.ended)
	})
	return nil
}

// follow tells who the program is.
func (p *program) follow(c *child.Child) {
	p.tree.Follow(c.PID(), p.rec.Profiler.Marker)
	about := p.rec.App()
	about.ProcessID = c.PID()
	if dir, err := os.Getwd(); err == nil {
		about.Project = dir
	}
	p.rec.SetApp(about)
}

// environment returns the program's environment.
func (p *program) environment(urls []string) ([]string, error) {
	opts := childenv.Options{Base: os.Environ(), Dir: p.dir, Authority: p.doors.trusted, Proxy: p.doors.proxyAddr()}
	if p.doors.telemetry != nil {
		// A name: clients that compare NO_PROXY with names only find it there, too.
		opts.OTLP = "http://localhost:" + port(p.doors.telemetryAt)
		opts.Direct = append(opts.Direct, "localhost:"+port(p.doors.telemetryAt), "127.0.0.1:"+port(p.doors.telemetryAt))
	}
	for _, url := range urls {
		_, address, _ := strings.Cut(url, "://")
		opts.Direct = append(opts.Direct, address)
		if host, number, ok := strings.Cut(address, ":"); ok && host == "127.0.0.1" {
			opts.Direct = append(opts.Direct, "localhost:"+number)
		}
	}
	return childenv.Make(opts)
}

// patience implements subject.
func (p *program) patience() time.Duration { return untilTerminated + untilKilled + untilGone }

// end waits until the program has ended. What does not end is ended.
func (p *program) end(ctx context.Context) error {
	if p.child == nil || p.endsWithin(ctx, untilTerminated) {
		return nil
	}
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGTERM, untilKilled}, {syscall.SIGKILL, untilGone}} {
		p.log.Warn("the program does not end", "name", p.name(), "sent", unix.SignalName(step.signal))
		p.child.Signal(step.signal)
		if p.endsWithin(ctx, step.wait) {
			return nil
		}
	}
	return fmt.Errorf("%s does not end", p.name())
}

func (p *program) endsWithin(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.ended:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// close implements subject. A program that was started must have ended.
func (p *program) close() {
	p.doors.close()
	p.wg.Wait()
	p.rec.Close()
	_ = os.RemoveAll(p.dir) // of an empty name, it removes nothing
}
