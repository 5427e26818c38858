package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/server"
	"github.com/heliograph/heliograph/internal/source/bluez"
	"github.com/heliograph/heliograph/internal/source/deviceinfo"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// A subject is an application that is looked into: a program, a page of a browser, or
// the daemon itself.
type subject interface {
	// model returns what is recorded of it.
	model() *recorder.Recorder
	// framework says what it is made with, as far as that is known.
	framework(ctx context.Context) (name, version string)
	// start begins to look into it. urls are those of the server that shows it.
	start(urls []string) error
	// patience is how long end may take.
	patience() time.Duration
	// end ends it, or the looking, and has recorded that when it returns.
	end(ctx context.Context) error
	// close stops what records and gives up the rest; twice is nothing.
	close()
}

// shown is the application that the daemon shows, with the sensors, Bluetooth and
// description of the device.
type shown struct {
	subject
	bluetooth *bluez.Watcher
}

// newShown returns the application of the options, and the log of the daemon, which
// has an eye in it if the application is the daemon.
func newShown(ctx context.Context, opts Options) (shown, *slog.Logger, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	s, log, err := newSubject(ctx, opts)
	if err != nil {
		return shown{}, nil, err
	}
	return shown{s, bluez.Watch(bluez.Options{Sink: s.model().BLE, Logger: opts.Logger})}, log, nil
}

func newSubject(ctx context.Context, opts Options) (subject, *slog.Logger, error) {
	device := deviceinfo.New("/")
	switch {
	case opts.Program != nil:
		p, err := newProgram(ctx, *opts.Program, device, opts.Logger)
		return p, opts.Logger, err
	case opts.Page != nil:
		p, err := newPage(*opts.Page, device, opts.Logger)
		return p, opts.Logger, err
	}
	s := newSelf(opts, device)
	return s, s.log, nil
}

// api returns the protocol of the application.
func (s shown) api(ctx context.Context, opts Options, hub *wsconn.Hub) *devflow.API {
	framework, version := s.framework(ctx)
	return newAgentAPI(AgentOptions{
		Recorder: s.model(), Framework: framework, FrameworkVersion: version, Version: opts.Version,
		AllowHosts: opts.Config.Auth.AllowHosts, AllowOrigins: opts.Config.Auth.AllowOrigins, Logger: opts.Logger,
	}, hub)
}

// farewell is how long clients that are there may take to get the last event.
const farewell = 100 * time.Millisecond

// ending ends the application, and tells clients while they are still connected.
func (s shown) ending(hub *wsconn.Hub) server.Hook {
	return server.Hook{Name: "lifecycle", Stop: func(ctx context.Context) error {
		if err := s.end(ctx); err != nil {
			return err
		}
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

// limits are those of the server, with time for the end of the application.
func (s shown) limits(cfg config.Config) server.Limits {
	limits := serverLimits(cfg)
	if limits.ShutdownTimeout <= 0 {
		limits.ShutdownTimeout = server.DefaultLimits().ShutdownTimeout
	}
	limits.ShutdownTimeout += s.patience()
	return limits
}

func (s shown) close() {
	s.bluetooth.Close()
	s.subject.close()
}
