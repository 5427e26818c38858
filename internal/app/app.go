package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/heliograph/heliograph/api"
	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/helios"
	"github.com/heliograph/heliograph/internal/server"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/console"
	"github.com/heliograph/heliograph/internal/webui"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// Options of the daemon.
type Options struct {
	Config  config.Config
	Version string
	// UIDir, when not empty, serves the user interface from a directory.
	UIDir  string
	Logger *slog.Logger
	// Program or Page is the application that is shown; without either it is the
	// daemon itself. Not both.
	Program *ProgramOptions
	Page    *PageOptions
}

// App is the daemon.
type App struct {
	*server.Server
	state *statedir.Dir
	app   shown
}

// New opens the listeners and the state directory and constructs everything.
// It samples nothing before somebody asks. The caller runs the server and then
// calls Close.
func New(ctx context.Context, opts Options) (_ *App, err error) {
	tuneGC()
	app, log, err := newShown(ctx, opts)
	if err != nil {
		return nil, err
	}
	cfg, undo := opts.Config, cleanups{app.close}
	defer func() {
		if err != nil {
			undo.run()
		}
	}()

	listeners, err := server.Listen(ctx, cfg.Listen)
	if err != nil {
		return nil, err
	}
	for _, l := range listeners {
		undo.add(func() { _ = l.Close() })
	}
	state, err := openState(cfg.StateDir)
	if err != nil {
		return nil, err
	}
	undo.add(func() { _ = state.Close() })
	from, err := openSources(cfg, state, log, &undo)
	if err != nil {
		return nil, err
	}

	addSensors(app.model(), cfg, from.devices, log)

	// Protocols.
	hub := wsconn.NewHub(wsconn.Options{MaxConns: cfg.Limits.MaxWebSockets, Entitled: entitled, Logger: opts.Logger})
	agent := app.api(ctx, opts, hub)
	device := helios.New(helios.Deps{
		Version: opts.Version, Hub: hub, Telemetry: from.samples, Processes: from.processes, USB: from.usb,
		IMU: from.devices.imu, Power: from.devices.power, Lighting: from.devices.lighting, Firmware: from.devices.firmware,
		OTA: from.updater, Streams: from.streams, Root: "/", Changes: from.changes, Console: from.shells,
		Logs: from.logs, Units: from.units, Document: api.Helios, Logger: log,
	})
	routes := http.NewServeMux()
	device.Register(routes)

	s, err := server.New(server.Options{
		Listeners: listeners,
		State:     state,
		Routes: append(agentRoutes(agent), []server.Route{
			{Pattern: "/v1", Handler: routes, Scope: access.View},
			{Pattern: "/v1/", Handler: routes, Scope: access.View},
			{Pattern: "/v1/ota/upload", Handler: routes, Scope: access.Control, MaxBody: -1}, // bounded by the updater
			{Pattern: "/asyncapi.json", Handler: routes, Public: true},
			{Pattern: "/v1/asyncapi.json", Handler: routes, Public: true},
			{Pattern: "/", Handler: webui.Handler(webui.Options{Dir: opts.UIDir, Parts: []string{webui.PartDevice, webui.PartApp}, Logger: log}), Public: true},
		}...),
		// The order of the shutdown.
		Stop: []server.Hook{
			app.ending(hub),
			atMost(channelsShare, cfg.Limits.ShutdownTimeout, log, server.Hook{Name: "channels", Stop: waitFor(device.Close)}),
			atMost(connectionsShare, cfg.Limits.ShutdownTimeout, log, server.Hook{Name: "connections", Stop: hub.Shutdown}),
			{Name: "agent", Stop: agent.Shutdown},
			{Name: "consoles", Stop: waitFor(func() { closeConsole(from.shells) })},
			{Name: "samplers", Stop: waitFor(from.closeSamplers)},
			{Name: "sensors", Stop: waitFor(from.devices.close)},
			{Name: "updater", Stop: waitFor(from.updater.Close)},
			{Name: "streams", Stop: waitFor(func() { closeStreams(from.streams, log) })},
			{Name: "change journal", Stop: func(context.Context) error { return from.changes.Close() }},
			{Name: "application", Stop: waitFor(app.close)},
		},
		AllowHosts:     cfg.Auth.AllowHosts,
		AllowOrigins:   cfg.Auth.AllowOrigins,
		InsecureNoAuth: cfg.Auth.InsecureNoAuth,
		TLS:            serverTLS(cfg),
		Limits:         app.limits(cfg),
		Registry:       newRegistry(hub, from.streams, from.topics()...),
		Logger:         log,
	})
	if err != nil {
		return nil, err
	}
	return &App{Server: s, state: state, app: app}, nil
}

// Run starts the program, if one is shown, and serves until ctx is done, also when the
// program has ended. Then it ends the program and the rest, in order.
func (a *App) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var err error
	if ctx.Err() == nil {
		err = a.app.start(a.URLs())
	}
	if err != nil {
		stop() // what was opened is closed in order
	}
	return errors.Join(err, a.Server.Run(ctx))
}

// Close gives the state directory free. It is called after Run.
func (a *App) Close() error { return a.state.Close() }

// cleanups undo what was done, last first.
type cleanups []func()

func (c *cleanups) add(undo func()) { *c = append(*c, undo) }

func (c cleanups) run() {
	for i := len(c) - 1; i >= 0; i-- {
		c[i]()
	}
}

// waitFor makes a shutdown step of a function that ends within its own bounds.
// When the time is up, the step is given up, not the shutdown.
func waitFor(stop func()) func(context.Context) error {
	return func(ctx context.Context) error {
		done := make(chan struct{})
		go func() { stop(); close(done) }()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func logFailure(log *slog.Logger, name string) func(error) {
	return func(err error) { log.Warn("sample failed", "topic", name, "err", err) }
}

func closeConsole(m *console.Manager) {
	if m != nil {
		m.Close()
	}
}

// entitled ends the sockets of tokens that were revoked, and of sessions that ended.
func entitled(r *http.Request) func() bool {
	id, _ := access.From(r.Context())
	return id.Valid
}
