package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/childenv"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
	"github.com/heliograph/heliograph/internal/server"
	"github.com/heliograph/heliograph/internal/source/child"
)

// Why a program could not be started.
var (
	ErrCommandNotFound = child.ErrNotFound
	ErrNotExecutable   = child.ErrNotExecutable
)

// lastMoment is how long clients have to take what the program's end has told them.
const lastMoment = 200 * time.Millisecond

// RunOptions describe a program to run, what to capture of it, and where to show it.
// Command, the streams, Listen and Version must be given.
type RunOptions struct {
	// Command is the program, looked for in PATH, and its arguments.
	Command []string
	// Stdin, Stdout and Stderr are the program's.
	Stdin, Stdout, Stderr *os.File
	// Witness is a command of this program that does what child.Witness does.
	Witness []string
	// Name is that of the application; empty means that of the program.
	Name string
	// NoProxy leaves the program's traffic alone, NoOTLP its telemetry.
	NoProxy, NoOTLP bool
	// Opaque are hosts whose TLS is passed through unseen.
	Opaque []string
	// UpstreamCA is a PEM file with authorities of servers, besides those of the system.
	UpstreamCA string
	// Reveal keeps secrets in what is captured.
	Reveal bool
	// BodyLimit is how many bytes of a body are kept; 0 means none.
	BodyLimit int
	// Stay goes on serving when the program has ended, until the context of Run is done.
	Stay bool
	// Listen, AllowHosts, AllowOrigins, Mirror, Version and UIDir are those of
	// AgentOptions.
	Listen, AllowHosts, AllowOrigins []string
	Mirror                           bool
	Version, UIDir                   string
	Logger                           *slog.Logger
}

// Program is a program that is to be run, and the server that shows it.
type Program struct {
	*Agent
	opts   RunOptions
	log    *slog.Logger
	redact func(string) string
	rec    *recorder.Recorder
	tree   *child.Tree
	doors  doors
	dir    string
}

// NewProgram opens all listeners and starts nothing else. The caller calls Run, and
// then Close.
func NewProgram(ctx context.Context, opts RunOptions) (_ *Program, err error) {
	p := &Program{opts: opts, log: opts.Logger, tree: child.NewTree(""), redact: func(s string) string { return s }}
	var undo cleanups
	defer func() {
		if err != nil {
			undo.run()
		}
	}()
	p.rec = p.newRecorder()
	undo.add(p.rec.Close)
	if p.dir, err = os.MkdirTemp("", "heliograph-run-"); err != nil { // mode 0700
		return nil, fmt.Errorf("make a folder for the program's authorities: %w", err)
	}
	undo.add(func() { _ = os.RemoveAll(p.dir) })
	if err = p.openDoors(ctx); err != nil {
		return nil, err
	}
	undo.add(p.doors.close)
	p.Agent, err = NewAgent(ctx, AgentOptions{
		Listen: opts.Listen, AllowHosts: opts.AllowHosts, AllowOrigins: opts.AllowOrigins,
		Recorder: p.rec, Framework: framework(opts.Command), FrameworkVersion: "unknown", Mirror: opts.Mirror,
		Stop:    []server.Hook{{Name: "capture", Stop: waitFor(p.doors.close)}},
		Version: opts.Version, UIDir: opts.UIDir, Logger: opts.Logger,
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// newRecorder makes the model of the program.
func (p *Program) newRecorder() *recorder.Recorder {
	recording := recorder.Options{
		App:      recorder.App{Name: p.name()},
		Profiler: recorder.ProfilerOptions{Sampler: p.tree.Sampler(), Abilities: child.Abilities()},
		Logger:   p.log,
	}
	if !p.opts.Reveal {
		secrets := redact.New()
		recording.Redact = recorder.Redaction(secrets)
		p.redact = func(s string) string { return string(secrets.Body("", []byte(s))) }
	}
	capacity := recorder.DefaultCapacity()
	capacity.Body = p.opts.BodyLimit
	recording.Capacity = &capacity
	return recorder.New(recording)
}

// name is what the application is called: what was given, or the script that an
// interpreter runs, or the program.
func (p *Program) name() string {
	if p.opts.Name != "" {
		return p.opts.Name
	}
	command := p.opts.Command
	if framework(command) != "native" && len(command) > 1 && !strings.HasPrefix(command[1], "-") {
		return filepath.Base(command[1])
	}
	return filepath.Base(command[0])
}

// framework says what a program is made with, as far as its name tells.
func framework(command []string) string {
	name := strings.ToLower(filepath.Base(command[0]))
	for _, known := range []string{"node", "deno", "bun", "python", "ruby", "perl", "php", "java", "dotnet"} {
		if rest, ok := strings.CutPrefix(name, known); ok && strings.Trim(rest, "0123456789.js") == "" {
			return known
		}
	}
	return "native"
}

// Exit says how a program ended.
type Exit = child.Exit

// Witness does what RunOptions.Witness must do.
func Witness(in io.Reader, out io.Writer) { child.Witness(in, out) }

// Run starts the program, shows it until it has ended, and returns how it ended. When
// ctx is done it stops serving; the program is left to what made ctx end.
func (p *Program) Run(ctx context.Context) (Exit, error) {
	var wg sync.WaitGroup
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { stop(); wg.Wait() }()
	p.doors.serve(&wg, p.log)
	wg.Go(func() {
		if err := p.Agent.Run(serving); err != nil {
			p.log.Warn("serve the agent", "err", err)
		}
	})
	if p.opts.Reveal {
		p.reveal()
	}
	env, err := p.environment()
	if err != nil {
		return Exit{}, err
	}
	c, err := child.Start(child.Options{
		Command: p.opts.Command, Env: env, Stdin: p.opts.Stdin, Stdout: p.opts.Stdout, Stderr: p.opts.Stderr,
		Recorder: p.rec, Redact: p.redact, Witness: p.opts.Witness, Logger: p.log,
	})
	if err != nil {
		return Exit{}, err
	}
	p.follow(c)
	exit := c.Wait()
	c.Report(p.name())
	last := time.NewTimer(lastMoment)
	defer last.Stop()
	switch {
	case p.opts.Stay:
		<-ctx.Done()
	case p.Watchers() > 0:
		<-last.C
	}
	return exit, nil
}

// follow tells who the program is.
func (p *Program) follow(c *child.Child) {
	p.tree.Follow(c.PID(), p.rec.Profiler.Marker)
	about := p.rec.App()
	about.ProcessID = c.PID()
	if dir, err := os.Getwd(); err == nil {
		about.Project = dir
	}
	p.rec.SetApp(about)
}

// reveal announces that secrets are kept.
func (p *Program) reveal() {
	const text = "secrets are shown in what is captured"
	p.log.Warn(text)
	p.rec.Logs.Record(recorder.LogEntry{
		Level: recorder.Warning, Category: "heliograph.run", Message: text, Source: recorder.SourceFramework,
	})
}

// environment returns the program's environment.
func (p *Program) environment() ([]string, error) {
	opts := childenv.Options{Base: os.Environ(), Dir: p.dir, Authority: p.doors.trusted, Proxy: p.doors.proxyAddr()}
	if p.doors.telemetry != nil {
		// A name: clients that compare NO_PROXY with names only find it there, too.
		opts.OTLP = "http://localhost:" + port(p.doors.telemetryAt)
		opts.Direct = append(opts.Direct, "localhost:"+port(p.doors.telemetryAt), "127.0.0.1:"+port(p.doors.telemetryAt))
	}
	for _, url := range p.URLs() {
		_, address, _ := strings.Cut(url, "://")
		opts.Direct = append(opts.Direct, address)
		if host, number, ok := strings.Cut(address, ":"); ok && host == "127.0.0.1" {
			opts.Direct = append(opts.Direct, "localhost:"+number)
		}
	}
	return childenv.Make(opts)
}

// Close gives up what is left. It is called after Run.
func (p *Program) Close() error {
	p.doors.close()
	p.rec.Close()
	return errors.Join(p.Agent.Close(), os.RemoveAll(p.dir))
}
