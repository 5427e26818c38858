package app

import (
	"context"
	"log/slog"

	"github.com/heliograph/heliograph/internal/recorder"
)

// PageOptions describe what to look into. CDP must be given.
type PageOptions struct {
	Capture
	// CDP is the address of a browser's debug port, such as http://127.0.0.1:9222.
	CDP string
	// Target is an id, or a part of the URL or title; empty means the first page.
	Target string
}

// AttachOptions describe a page to look into, and where to show it. Listen and Version
// must be given.
type AttachOptions struct {
	PageOptions
	// Listen, AllowHosts, AllowOrigins, Mirror, Brokers, Version and UIDir are those of
	// AgentOptions.
	Listen, AllowHosts, AllowOrigins []string
	Mirror                           bool
	Brokers                          []int
	Version, UIDir                   string
	Logger                           *slog.Logger
}

// Attachment is a server that shows a page of a browser.
type Attachment struct {
	*Agent
	page *page
}

// NewAttachment opens the listeners. It waits for no browser, which may come later.
// The caller calls Run, and then Close.
func NewAttachment(ctx context.Context, opts AttachOptions) (*Attachment, error) {
	p, err := newPage(opts.PageOptions, recorder.Device{}, opts.Logger)
	if err != nil {
		return nil, err
	}
	framework, version := p.framework(ctx)
	agent, err := NewAgent(ctx, AgentOptions{
		Listen: opts.Listen, AllowHosts: opts.AllowHosts, AllowOrigins: opts.AllowOrigins,
		Recorder: p.rec, Framework: framework, FrameworkVersion: version,
		Mirror: opts.Mirror, Brokers: opts.Brokers, Version: opts.Version, UIDir: opts.UIDir, Logger: opts.Logger,
	})
	if err != nil {
		p.close()
		return nil, err
	}
	return &Attachment{Agent: agent, page: p}, nil
}

// Run looks into the page and serves until ctx is done. The page is let go, so that
// nothing of ours stays in it, before Run returns.
func (a *Attachment) Run(ctx context.Context) error {
	if err := a.page.start(a.URLs()); err != nil {
		return err
	}
	defer a.page.letGo()
	return a.Agent.Run(ctx)
}

// Close gives up what is left. It is called after Run.
func (a *Attachment) Close() error {
	a.page.close()
	return a.Agent.Close()
}
