package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/server"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/webui"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// agentShutdown bounds how long an agent takes to end its connections.
const agentShutdown = 5 * time.Second

// AgentOptions describe a server that shows one application. Listen, Recorder and
// Version must be given.
type AgentOptions struct {
	// Listen are addresses as in the configuration of the daemon.
	Listen []string
	// AllowHosts and AllowOrigins are those of the daemon.
	AllowHosts, AllowOrigins []string
	// Recorder is the application. The caller owns it and closes it after Run.
	Recorder *recorder.Recorder
	// Framework and FrameworkVersion say what the application is made with; they may
	// be empty.
	Framework, FrameworkVersion string
	// Mirror makes the compatibility mirror of the protocol the default.
	Mirror bool
	// Brokers are the ports of brokers on this machine to register with.
	Brokers []int
	// Stop are the sources of the recorder, in the order in which they are stopped,
	// after the clients were told.
	Stop []server.Hook
	// Version is that of the program.
	Version string
	// UIDir, when not empty, serves the user interface from a directory.
	UIDir  string
	Logger *slog.Logger
}

// Agent is a server that shows one application and nothing else of the device. Who
// may come in is decided as in the daemon; its tokens live as long as it does.
type Agent struct {
	*server.Server
	hub   *wsconn.Hub
	state *statedir.Dir
	dir   string

	rec     *recorder.Recorder
	brokers []int
	version string
	log     *slog.Logger
}

// Watchers returns how many channels are open.
func (a *Agent) Watchers() int { return a.hub.Stats().Open }

// NewAgent opens the listeners. The caller runs the server and then calls Close.
func NewAgent(ctx context.Context, opts AgentOptions) (_ *Agent, err error) {
	tuneGC()
	var undo cleanups
	defer func() {
		if err != nil {
			undo.run()
		}
	}()
	listeners, err := server.Listen(ctx, opts.Listen)
	if err != nil {
		return nil, err
	}
	for _, l := range listeners {
		undo.add(func() { _ = l.Close() })
	}
	a := &Agent{rec: opts.Recorder, brokers: opts.Brokers, version: opts.Version, log: opts.Logger}
	if a.dir, err = os.MkdirTemp("", "heliograph-agent-"); err != nil {
		return nil, fmt.Errorf("make a folder for the tokens: %w", err)
	}
	undo.add(func() { _ = os.RemoveAll(a.dir) })
	if a.state, err = statedir.Open(a.dir); err != nil {
		return nil, err
	}
	undo.add(func() { _ = a.state.Close() })

	hub := wsconn.NewHub(wsconn.Options{Entitled: entitled, Logger: opts.Logger})
	a.hub = hub
	api := newAgentAPI(opts, hub)
	routes := append(agentRoutes(api), server.Route{
		Pattern: "/", Handler: webui.Handler(webui.Options{Dir: opts.UIDir, Parts: []string{webui.PartApp}, Logger: opts.Logger}), Public: true,
	})
	a.Server, err = server.New(server.Options{
		Listeners:    listeners,
		State:        a.state,
		Routes:       routes,
		Stop:         append([]server.Hook{{Name: "connections", Stop: hub.Shutdown}, {Name: "agent", Stop: api.Shutdown}}, opts.Stop...),
		AllowHosts:   opts.AllowHosts,
		AllowOrigins: opts.AllowOrigins,
		Limits:       server.Limits{ShutdownTimeout: agentShutdown},
		Logger:       opts.Logger,
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// newAgentAPI returns the protocol of an application behind a server that has
// checked who asks.
func newAgentAPI(opts AgentOptions, hub *wsconn.Hub) *devflow.API {
	return devflow.New(devflow.Deps{
		Recorder: opts.Recorder, Name: "heliograph", Version: opts.Version,
		Framework: opts.Framework, FrameworkVersion: opts.FrameworkVersion,
		Mirror: opts.Mirror, AllowOrigins: opts.AllowOrigins, AllowHosts: opts.AllowHosts,
		Guarded: true, Hub: hub, Logger: opts.Logger,
	})
}

// agentRoutes mounts the protocol.
func agentRoutes(api *devflow.API) []server.Route {
	var routes []server.Route
	for _, prefix := range devflow.Prefixes() {
		routes = append(routes, server.Route{Pattern: prefix, Handler: api.Handler(), Scope: access.View, Fail: devflow.Refuse})
	}
	return routes
}

// Close gives the state directory free and removes it. It is called after Run.
func (a *Agent) Close() error { return errors.Join(a.state.Close(), os.RemoveAll(a.dir)) }
