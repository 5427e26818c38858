package devflow

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// Deps are what an API needs. Only Recorder must be given.
type Deps struct {
	// Recorder is the application. The caller owns it and closes it after Shutdown.
	Recorder *recorder.Recorder
	// Name and Version describe the agent; empty means heliograph and 0.0.0.
	Name, Version string
	// Framework and FrameworkVersion say what the application is made with; empty
	// means go and the version of Go.
	Framework, FrameworkVersion string
	// Mirror makes the compatibility mirror the default.
	Mirror bool
	// AllowOrigins are origins, such as https://tools.test, of pages that may use
	// the agent besides those of this machine.
	AllowOrigins []string
	// AllowHosts are names under which the agent may be asked besides localhost and
	// addresses.
	AllowHosts []string
	// Guarded says that a server before this one has checked Host and Origin and put
	// an access.Identity into the context; scopes are then required.
	Guarded bool
	// Hub owns the connections; nil means one of the API's own, which Shutdown ends.
	Hub *wsconn.Hub
	// Logger gets failures. It must not lead into Recorder. Nil means no log.
	Logger *slog.Logger
}

// API serves the protocol. Make one with New and end it with Shutdown.
type API struct {
	deps     Deps
	rec      *recorder.Recorder
	log      *slog.Logger
	hub      *wsconn.Hub
	ownHub   bool
	policy   policy
	channels map[string]*Channel // by path
	routes   []route
	watch    watch
	wg       sync.WaitGroup
}

// New returns an API. It starts nothing before the first connection.
func New(deps Deps) *API {
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
	if deps.Name == "" {
		deps.Name = "heliograph"
	}
	if deps.Version == "" {
		deps.Version = "0.0.0"
	}
	a := &API{
		deps: deps, rec: deps.Recorder, log: deps.Logger, hub: deps.Hub,
		policy: newPolicy(deps.AllowOrigins, deps.AllowHosts), channels: map[string]*Channel{},
	}
	if a.hub == nil {
		a.hub, a.ownHub = wsconn.NewHub(wsconn.Options{Logger: deps.Logger}), true
	}
	for _, ch := range Channels() {
		a.channels[ch.Path] = ch
		if ch.Alias != "" {
			a.channels[ch.Alias] = ch
		}
	}
	a.routes = a.makeRoutes()
	return a
}

// Handler returns the handler of everything below /ws/ and /api/, and of nothing
// else: other paths are 404.
func (a *API) Handler() http.Handler { return http.HandlerFunc(a.serve) }

// Prefixes are the patterns, in the form of http.ServeMux, under which Handler is
// mounted in a server that has other things too.
func Prefixes() []string { return []string{"/ws/", "/api/"} }

// Shutdown ends the connections with code 1001 and waits for what serves them, unless
// Deps.Hub was given, which its owner shuts down first.
func (a *API) Shutdown(ctx context.Context) error {
	var err error
	if a.ownHub {
		err = a.hub.Shutdown(ctx)
	}
	a.wg.Wait()
	return err
}

// Stats returns the counters of the connections.
func (a *API) Stats() wsconn.Stats { return a.hub.Stats() }
