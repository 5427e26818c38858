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
	"github.com/heliograph/heliograph/internal/server"
	"github.com/heliograph/heliograph/internal/source/applog"
	"github.com/heliograph/heliograph/internal/source/bluez"
	"github.com/heliograph/heliograph/internal/source/deviceinfo"
	"github.com/heliograph/heliograph/internal/source/goruntime"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// self is the daemon as an application that can be looked into: its log, its profile
// and its life, with the sensors, Bluetooth and description of the device.
type self struct {
	rec *recorder.Recorder
	// log is the daemon's, with an eye in it. What serves the eye must not use it.
	log       *slog.Logger
	bluetooth *bluez.Watcher
}

// newSelf returns the model. Nothing is sampled before somebody asks; entries from info
// on are recorded always, since there are few.
func newSelf(opts Options) *self {
	s := &self{}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	secrets := redact.New()
	s.rec = recorder.New(recorder.Options{
		App: recorder.App{
			Name: "heliograph", Version: opts.Version, PackageID: "github.com/heliograph/heliograph", ProcessID: os.Getpid(),
		},
		Device: deviceinfo.New("/"), Mode: recorder.OnDemand, KeepLevel: recorder.Info, Redact: recorder.Redaction(secrets),
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
	s.bluetooth = bluez.Watch(bluez.Options{Sink: s.rec.BLE, Logger: opts.Logger})
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

// api returns the protocol of the daemon itself.
func (s *self) api(opts Options, hub *wsconn.Hub) *devflow.API {
	return newAgentAPI(AgentOptions{
		Recorder: s.rec, Version: opts.Version, AllowHosts: opts.Config.Auth.AllowHosts, AllowOrigins: opts.Config.Auth.AllowOrigins,
		Logger: opts.Logger,
	}, hub)
}

// farewell is how long clients that are there may take to get the last event.
const farewell = 100 * time.Millisecond

// ending tells clients that the daemon stops, while they are still connected.
func (s *self) ending(hub *wsconn.Hub) server.Hook {
	return server.Hook{Name: "lifecycle", Stop: func(ctx context.Context) error {
		s.rec.UI.Lifecycle(recorder.StateStopped, time.Time{})
		if hub.Stats().Open == 0 {
			return nil
		}
		t := time.NewTimer(farewell)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		return nil
	}}
}

func (s *self) close() {
	s.bluetooth.Close()
	s.rec.Close()
}
