package app

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/source/cdp"
)

// page is a page of a browser that is looked into.
type page struct {
	opts    PageOptions
	log     *slog.Logger
	source  *cdp.Source
	rec     *recorder.Recorder
	looking sync.WaitGroup
	stop    context.CancelFunc // nil: not started
}

// newPage opens nothing.
func newPage(opts PageOptions, device recorder.Device, log *slog.Logger) (*page, error) {
	recording, secrets := opts.recording(log)
	source, err := cdp.New(cdp.Options{Endpoint: opts.CDP, Target: opts.Target, Name: opts.Name, Redact: secrets, Logger: log})
	if err != nil {
		return nil, err
	}
	recording.Device = device
	recording.Profiler = recorder.ProfilerOptions{Sampler: source.Sampler(), Abilities: source.Abilities()}
	return &page{opts: opts, log: log, source: source, rec: recorder.New(recording)}, nil
}

// model implements subject.
func (p *page) model() *recorder.Recorder { return p.rec }

// framework asks the browser what it is, if it is there already.
func (p *page) framework(ctx context.Context) (name, version string) {
	v, err := p.source.Version(ctx)
	if err != nil {
		return "browser", ""
	}
	name, version = v.Product()
	if v.Package != "" {
		name = "Android WebView"
	}
	return strings.TrimSpace(name), version
}

// start begins to look into the page, or to wait for it.
func (p *page) start([]string) error {
	p.opts.announce(p.rec, "heliograph.attach", p.log)
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	p.looking.Go(func() { _ = p.source.Run(ctx, p.rec) }) // ends with the context only
	return nil
}

// letGo stops looking, and leaves nothing of ours in the page.
func (p *page) letGo() {
	if p.stop != nil {
		p.stop()
	}
	p.looking.Wait()
}

// patience implements subject.
func (p *page) patience() time.Duration { return 0 }

// end lets the page go: it lives on, only we do not look any more.
func (p *page) end(ctx context.Context) error { return waitFor(p.letGo)(ctx) }

// close implements subject.
func (p *page) close() {
	p.letGo()
	p.rec.Close()
}
