package app

import (
	"context"
	"log/slog"
	"strings"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
	"github.com/heliograph/heliograph/internal/source/cdp"
)

// AttachOptions describe what to look into, and where to show it. CDP, Listen and
// Version must be given.
type AttachOptions struct {
	// CDP is the address of a browser's debug port, such as http://127.0.0.1:9222.
	CDP string
	// Target is an id, or a part of the URL or title; empty means the first page.
	Target string
	// Name is that of the application; empty means the title of the page.
	Name string
	// Reveal keeps secrets in what is captured.
	Reveal bool
	// BodyLimit is how many bytes of a body are kept; 0 means none, a negative
	// number the usual limit.
	BodyLimit int
	// Listen, AllowHosts, AllowOrigins, Mirror, Version and UIDir are those of
	// AgentOptions.
	Listen, AllowHosts, AllowOrigins []string
	Mirror                           bool
	Version, UIDir                   string
	Logger                           *slog.Logger
}

// Attachment is a server that shows a page of a browser.
type Attachment struct {
	*Agent
	source *cdp.Source
	rec    *recorder.Recorder
	log    *slog.Logger
}

// NewAttachment opens the listeners. It waits for no browser, which may come later.
// The caller calls Run, and then Close.
func NewAttachment(ctx context.Context, opts AttachOptions) (*Attachment, error) {
	var secrets *redact.Redactor
	recording := recorder.Options{App: recorder.App{Name: opts.Name}, Logger: opts.Logger}
	if !opts.Reveal {
		secrets = redact.New()
		recording.Redact = recorder.Redaction(secrets)
	}
	if opts.BodyLimit >= 0 {
		capacity := recorder.DefaultCapacity()
		capacity.Body = opts.BodyLimit
		recording.Capacity = &capacity
	}
	source, err := cdp.New(cdp.Options{Endpoint: opts.CDP, Target: opts.Target, Name: opts.Name, Redact: secrets, Logger: opts.Logger})
	if err != nil {
		return nil, err
	}
	recording.Profiler = recorder.ProfilerOptions{Sampler: source.Sampler(), Abilities: source.Abilities()}
	a := &Attachment{source: source, rec: recorder.New(recording), log: opts.Logger}
	framework, version := a.framework(ctx)
	a.Agent, err = NewAgent(ctx, AgentOptions{
		Listen: opts.Listen, AllowHosts: opts.AllowHosts, AllowOrigins: opts.AllowOrigins,
		Recorder: a.rec, Framework: framework, FrameworkVersion: version,
		Mirror: opts.Mirror, Version: opts.Version, UIDir: opts.UIDir, Logger: opts.Logger,
	})
	if err != nil {
		a.rec.Close()
		return nil, err
	}
	if opts.Reveal {
		a.reveal()
	}
	return a, nil
}

// reveal announces that secrets are kept.
func (a *Attachment) reveal() {
	const text = "secrets are shown in what is captured"
	a.log.Warn(text)
	a.rec.Logs.Record(recorder.LogEntry{
		Level: recorder.Warning, Category: "heliograph.attach", Message: text, Source: recorder.SourceFramework,
	})
}

// framework asks the browser what it is, if it is there already.
func (a *Attachment) framework(ctx context.Context) (name, version string) {
	v, err := a.source.Version(ctx)
	if err != nil {
		return "browser", ""
	}
	name, version = v.Product()
	if v.Package != "" {
		name = "Android WebView"
	}
	return strings.TrimSpace(name), version
}

// Run looks into the page and serves until ctx is done. The page is let go, so that
// nothing of ours stays in it, before Run returns.
func (a *Attachment) Run(ctx context.Context) error {
	looking, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = a.source.Run(looking, a.rec) // ends with the context only
	}()
	err := a.Agent.Run(ctx)
	stop()
	<-ended
	return err
}

// Close gives up what is left. It is called after Run.
func (a *Attachment) Close() error {
	a.rec.Close()
	return a.Agent.Close()
}
