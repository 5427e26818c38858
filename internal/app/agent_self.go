package app

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
	"github.com/heliograph/heliograph/internal/source/applog"
	"github.com/heliograph/heliograph/internal/source/goruntime"
)

// self is the daemon as an application that can be looked into: its log, its profile
// and its life.
type self struct {
	rec *recorder.Recorder
	// log is the daemon's, with an eye in it. What serves the eye must not use it.
	log *slog.Logger
}

// newSelf returns the model. Nothing is sampled before somebody asks; entries from info
// on are recorded always, since there are few.
func newSelf(opts Options, device recorder.Device) *self {
	s := &self{}
	secrets := redact.New()
	s.rec = recorder.New(recorder.Options{
		App: recorder.App{
			Name: "heliograph", Version: opts.Version, PackageID: "github.com/heliograph/heliograph", ProcessID: os.Getpid(),
		},
		Device: device, Mode: recorder.OnDemand, KeepLevel: recorder.Info, Redact: recorder.Redaction(secrets),
		Profiler: recorder.ProfilerOptions{
			Sampler:   goruntime.Sampler(func(m recorder.Marker) { s.rec.Profiler.Marker(m) }),
			Abilities: goruntime.Abilities(),
		},
		Logger: opts.Logger,
	})
	s.log = slog.New(applog.New(applog.Options{
		Logs: s.rec.Logs, Next: opts.Logger.Handler(), Source: recorder.SourceFramework, Secret: secrets.Secret,
		Redact: func(text string) string { return string(secrets.Body("", []byte(text))) }, Skip: aboutAgent,
	}))
	return s
}

// aboutAgent reports whether a record is about a request to the agent: who reads the
// log must not find there that he does.
func aboutAgent(r slog.Record) bool {
	about := false
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "path" || a.Value.Kind() != slog.KindString {
			return true
		}
		for _, prefix := range devflow.Prefixes() {
			about = about || strings.HasPrefix(a.Value.String(), prefix)
		}
		return !about
	})
	return about
}

// model implements subject.
func (s *self) model() *recorder.Recorder { return s.rec }

// framework implements subject; of its own program the protocol knows it.
func (s *self) framework(context.Context) (name, version string) { return "", "" }

// start implements subject: there is nothing to start.
func (s *self) start([]string) error { return nil }

// patience implements subject.
func (s *self) patience() time.Duration { return 0 }

// end records that the daemon stops.
func (s *self) end(context.Context) error {
	s.rec.UI.Lifecycle(recorder.StateStopped, time.Time{})
	return nil
}

// close implements subject.
func (s *self) close() { s.rec.Close() }
