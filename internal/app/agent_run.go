package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"syscall"
	"time"

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

// Capture says what is kept of an application that is looked into.
type Capture struct {
	// Name is that of the application; empty means that of the program, or the title
	// of the page.
	Name string
	// Reveal keeps secrets in what is captured.
	Reveal bool
	// BodyLimit is how many bytes of a body are kept; 0 means none, a negative
	// number the usual limit.
	BodyLimit int
}

// recording returns the options of a recorder, and what takes secrets out; nil leaves
// them.
func (c Capture) recording(log *slog.Logger) (recorder.Options, *redact.Redactor) {
	opts := recorder.Options{App: recorder.App{Name: c.Name}, Logger: log}
	if c.BodyLimit >= 0 {
		capacity := recorder.DefaultCapacity()
		capacity.Body = c.BodyLimit
		opts.Capacity = &capacity
	}
	if c.Reveal {
		return opts, nil
	}
	secrets := redact.New()
	opts.Redact = recorder.Redaction(secrets)
	return opts, secrets
}

// announce tells that secrets are kept, if they are.
func (c Capture) announce(rec *recorder.Recorder, category string, log *slog.Logger) {
	if !c.Reveal {
		return
	}
	const text = "secrets are shown in what is captured"
	log.Warn(text)
	rec.Logs.Record(recorder.LogEntry{Level: recorder.Warning, Category: category, Message: text, Source: recorder.SourceFramework})
}

// ProgramOptions describe a program to run, and what to capture of it. Command and
// the streams must be given.
type ProgramOptions struct {
	Capture
	// Command is the program, looked for in PATH, and its arguments.
	Command []string
	// Stdin, Stdout and Stderr are the program's.
	Stdin, Stdout, Stderr *os.File
	// Witness is a command of this program that does what child.Witness does.
	Witness []string
	// NoProxy leaves the program's traffic alone, NoOTLP its telemetry.
	NoProxy, NoOTLP bool
	// Opaque are hosts whose TLS is passed through unseen.
	Opaque []string
	// UpstreamCA is a PEM file with authorities of servers, besides those of the system.
	UpstreamCA string
}

// RunOptions describe a program to run, and where to show it. Listen and Version must
// be given.
type RunOptions struct {
	ProgramOptions
	// Stay goes on serving when the program has ended, until the context of Run is done.
	Stay bool
	// Listen, AllowHosts, AllowOrigins, Mirror, Brokers, Version and UIDir are those of
	// AgentOptions.
	Listen, AllowHosts, AllowOrigins []string
	Mirror                           bool
	Brokers                          []int
	Version, UIDir                   string
	Logger                           *slog.Logger
}

// Program is a program that is to be run, and the server that shows it.
type Program struct {
	*Agent
	program *program
	stay    bool
}

// NewProgram opens all listeners and starts nothing else. The caller calls Run, and
// then Close.
func NewProgram(ctx context.Context, opts RunOptions) (*Program, error) {
	p, err := newProgram(ctx, opts.ProgramOptions, recorder.Device{}, opts.Logger)
	if err != nil {
		return nil, err
	}
	name, version := p.framework(ctx)
	agent, err := NewAgent(ctx, AgentOptions{
		Listen: opts.Listen, AllowHosts: opts.AllowHosts, AllowOrigins: opts.AllowOrigins,
		Recorder: p.rec, Framework: name, FrameworkVersion: version, Mirror: opts.Mirror, Brokers: opts.Brokers,
		Stop:    []server.Hook{{Name: "capture", Stop: waitFor(p.doors.close)}},
		Version: opts.Version, UIDir: opts.UIDir, Logger: opts.Logger,
	})
	if err != nil {
		p.close()
		return nil, err
	}
	return &Program{Agent: agent, program: p, stay: opts.Stay}, nil
}

// Exit says how a program ended.
type Exit = child.Exit

// Witness does what ProgramOptions.Witness must do.
func Witness(in io.Reader, out io.Writer) { child.Witness(in, out) }

// Run starts the program, shows it until it has ended, and returns how it ended. When
// ctx is done it stops serving; the program is left to what made ctx end, and not
// started if that came first: the exit is then told as by SIGTERM.
func (p *Program) Run(ctx context.Context) (Exit, error) {
	var wg sync.WaitGroup
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer func() { stop(); wg.Wait() }()
	wg.Go(func() {
		if err := p.Agent.Run(serving); err != nil {
			p.program.log.Warn("serve the agent", "err", err)
		}
	})
	p.program.canceled = ctx.Done()
	switch err := p.program.start(p.URLs()); {
	case errors.Is(err, child.ErrCanceled):
		return Exit{Signal: syscall.SIGTERM}, nil
	case err != nil:
		return Exit{}, err
	}
	<-p.program.ended
	last := time.NewTimer(lastMoment)
	defer last.Stop()
	switch {
	case p.stay:
		<-ctx.Done()
	case p.Watchers() > 0:
		<-last.C
	}
	return p.program.exit, nil
}

// Close gives up what is left. It is called after Run.
func (p *Program) Close() error {
	p.program.close()
	return p.Agent.Close()
}
