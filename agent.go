package heliograph

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/redact"
	"github.com/heliograph/heliograph/internal/source/deviceinfo"
	"github.com/heliograph/heliograph/internal/source/goruntime"
)

// shutdownTime bounds how long the end of connections may take.
const shutdownTime = 3 * time.Second

// Agent shows one program to its clients. Make one with New. Its methods are safe for
// concurrent use; those of a nil Agent do nothing.
type Agent struct {
	opts    Options
	log     *slog.Logger
	version string
	secrets *redact.Redactor // nil: nothing is masked
	rec     *recorder.Recorder
	api     *devflow.API // behind Handler
	addr    atomic.Pointer[string]

	mu      sync.Mutex
	closed  bool
	cancels map[*context.CancelFunc]bool // of Serve
	serving sync.WaitGroup
}

// New returns an agent of this program. It listens nowhere and runs nothing yet. Nil
// options are the defaults.
func New(opts *Options) *Agent {
	if opts == nil {
		opts = &Options{}
	}
	a := &Agent{opts: *opts, log: opts.Logger, cancels: map[*context.CancelFunc]bool{}}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	app, version := describe(a.opts)
	a.version = version
	ro := recorder.Options{
		App: app, Device: deviceinfo.New("/"), Mode: recorder.OnDemand, KeepLevel: keepLevel(a.opts.KeepLevel),
		Capacity: a.opts.Limits.capacity(), Logger: a.log,
		Profiler: recorder.ProfilerOptions{
			Sampler:   goruntime.Sampler(func(m recorder.Marker) { a.rec.Profiler.Marker(m) }),
			Abilities: goruntime.Abilities(),
		},
	}
	if !a.opts.Reveal {
		a.secrets = redact.New(a.opts.Secrets...)
		ro.Redact = recorder.Redaction(a.secrets)
	}
	a.rec = recorder.New(ro)
	a.api = a.newAPI()
	return a
}

// mask masks the secrets in a text.
func (a *Agent) mask(text string) string {
	if a.secrets == nil || text == "" {
		return text
	}
	return string(a.secrets.Body("", []byte(text)))
}

// newAPI returns the protocol of this agent, for connections of one server.
func (a *Agent) newAPI() *devflow.API {
	return devflow.New(devflow.Deps{
		Recorder: a.rec, Name: "heliograph-go", Version: a.version, Mirror: a.opts.Mirror,
		AllowOrigins: a.opts.AllowOrigins, AllowHosts: a.opts.AllowHosts, Logger: a.log,
	})
}

// Handler returns a handler of the protocol, to be mounted in a server that the
// program has already. It serves /ws/ and /api/ and, with Options.Pprof,
// /debug/pprof/; everything else is 404. A server that needs these paths itself mounts
// it elsewhere:
//
//	mux.Handle("/devflow/", http.StripPrefix("/devflow", agent.Handler()))
//
// It answers to clients on this machine only, unless Options.AllowRemote is set.
// Behind a proxy on this machine every client seems to be one: requests that say they
// were passed on are refused as well.
func (a *Agent) Handler() http.Handler {
	if a == nil {
		return http.NotFoundHandler()
	}
	return a.guard(a.handler(a.api.Handler()))
}

// handler adds the profiles to the protocol.
func (a *Agent) handler(protocol http.Handler) http.Handler {
	if !a.opts.Pprof {
		return protocol
	}
	mux := http.NewServeMux()
	mux.Handle("/", protocol)
	mux.Handle(pprofPath, a.pprofHandler())
	return mux
}

// Close ends ListenAndServe and Serve, clients, sensors and profiler sessions, and
// waits for them, at most some seconds for clients that do not read. What is recorded
// afterwards is dropped. The error is always nil; closing twice is allowed.
func (a *Agent) Close() error {
	if a == nil {
		return nil
	}
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return nil
	}
	a.closed = true
	for cancel := range a.cancels {
		(*cancel)()
	}
	a.mu.Unlock()
	a.serving.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	if err := a.api.Shutdown(ctx); err != nil {
		a.log.Debug("clients left behind", "err", err)
	}
	a.rec.Close()
	return nil
}
