package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/prometheus/client_golang/prometheus"
)

// Options are what New needs. Only Listeners and State must be given.
type Options struct {
	// Listeners accept connections, see Listen. The server owns and closes them.
	Listeners []net.Listener
	// State is where tokens, sessions and the certificate live. The caller owns
	// it and closes it after Run.
	State *statedir.Dir
	// Routes are what is served besides /auth/session, /healthz and /metrics.
	Routes []Route
	// Stop is called in this order at shutdown, after the listeners are closed.
	Stop []Hook
	// AllowHosts are names in Host headers that are accepted besides the device's own.
	AllowHosts []string
	// AllowOrigins are origins of pages that may use the device from elsewhere.
	AllowOrigins []string
	// InsecureNoAuth lets everybody in who passes the checks of Host and Origin.
	InsecureNoAuth bool
	// TLS selects encryption; the zero value is plain HTTP.
	TLS TLS
	// Limits are the bounds; zero fields have the defaults of DefaultLimits.
	Limits Limits
	// Registry receives the server's metrics and is served at /metrics. With nil
	// there is no such address.
	Registry *prometheus.Registry
	// Logger gets the access log and failures; nil discards them.
	Logger *slog.Logger
	// Hostname returns the device's own name; nil means os.Hostname. It is
	// asked again and again, as the name may change.
	Hostname func() (string, error)

	// peerUID finds the user behind a local connection; tests replace it.
	peerUID func(net.Conn) (uint32, error)
}

// TLS selects encryption.
type TLS struct {
	// Enabled serves https instead of http on all listeners.
	Enabled bool
	// CertFile and KeyFile are PEM files. Without them the server signs a
	// certificate itself and keeps it in the state directory.
	CertFile, KeyFile string
}

// Route is one entry of the routing table.
type Route struct {
	// Pattern is one of http.ServeMux, such as "GET /asyncapi.json" or "/v1/".
	Pattern string
	// Handler serves it. It may upgrade the connection.
	Handler http.Handler
	// Scope is the least that somebody must hold. It must be given unless Public
	// is set; the handler may ask for more with access.Require.
	Scope access.Scope
	// Public serves the route to everybody who passes the checks of Host and
	// Origin. It is meant for the files of the user interface.
	Public bool
	// MaxBody bounds the request's body in bytes; 0 means Limits.MaxBody, a
	// negative value leaves the bound to the handler.
	MaxBody int64
	// Fail answers requests for this route that the server refuses before they
	// reach the handler, in the form of the handler's own protocol. Nil means that
	// of the HeliOS protocol.
	Fail FailFunc
}

// FailFunc answers a refused request: with a status, a short word such as
// origin_not_allowed, and a sentence for people. Headers that belong to the
// status are set already.
type FailFunc func(w http.ResponseWriter, r *http.Request, status int, code, text string)

// Hook is one step of the shutdown.
type Hook struct {
	// Name names the step in logs and errors.
	Name string
	// Stop ends something and waits for it, at most until ctx is done.
	Stop func(ctx context.Context) error
}

// Limits are the bounds of the server.
type Limits struct {
	// MaxConns bounds connections that are not upgraded; one more is answered
	// with 503. It is lowered to what the limit of open files allows.
	MaxConns int
	// MaxConnsPerAddr bounds them per address that is not loopback (IPv6: /64).
	MaxConnsPerAddr int
	// MaxHeaderBytes bounds request line and headers.
	MaxHeaderBytes int
	// MaxBody bounds the body of a request to a route that sets no own bound.
	MaxBody int64
	// HeaderTimeout bounds the time for a request's headers and a TLS handshake.
	HeaderTimeout time.Duration
	// IdleTimeout ends a connection that asks for nothing.
	IdleTimeout time.Duration
	// StallTimeout ends a connection on which a body makes no progress, in
	// either direction.
	StallTimeout time.Duration
	// ShutdownTimeout bounds the shutdown as a whole.
	ShutdownTimeout time.Duration
}

// DefaultLimits returns the bounds that apply where Limits has zero.
func DefaultLimits() Limits {
	return Limits{
		MaxConns:        8192,
		MaxConnsPerAddr: 512,
		MaxHeaderBytes:  32 << 10,
		MaxBody:         1 << 20,
		HeaderTimeout:   10 * time.Second,
		IdleTimeout:     2 * time.Minute,
		StallTimeout:    30 * time.Second,
		ShutdownTimeout: 10 * time.Second,
	}
}

// withDefaults fills in what is zero.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	orDefault(&l.MaxConns, d.MaxConns)
	orDefault(&l.MaxConnsPerAddr, d.MaxConnsPerAddr)
	orDefault(&l.MaxHeaderBytes, d.MaxHeaderBytes)
	orDefault(&l.MaxBody, d.MaxBody)
	orDefault(&l.HeaderTimeout, d.HeaderTimeout)
	orDefault(&l.IdleTimeout, d.IdleTimeout)
	orDefault(&l.StallTimeout, d.StallTimeout)
	orDefault(&l.ShutdownTimeout, d.ShutdownTimeout)
	return l
}

func orDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}

// check tells what is wrong with the options.
func (o *Options) check() error {
	var errs []error
	if len(o.Listeners) == 0 {
		errs = append(errs, errors.New("no listener was given"))
	}
	if o.State == nil {
		errs = append(errs, errors.New("no state directory was given"))
	}
	if (o.TLS.CertFile == "") != (o.TLS.KeyFile == "") {
		errs = append(errs, errors.New("TLS needs both a certificate file and a key file, or neither"))
	}
	for _, r := range o.Routes {
		_, err := access.ParseScope(string(r.Scope))
		switch {
		case r.Handler == nil:
			errs = append(errs, fmt.Errorf("route %q has no handler", r.Pattern))
		case r.Public && r.Scope != "":
			errs = append(errs, fmt.Errorf("route %q is public and has a scope", r.Pattern))
		case !r.Public && err != nil:
			errs = append(errs, fmt.Errorf("route %q: %w", r.Pattern, err))
		}
	}
	return errors.Join(errs...)
}

// hostname returns the device's own name, empty when it has none.
func (o *Options) hostname() string {
	ask := o.Hostname
	if ask == nil {
		ask = os.Hostname
	}
	name, err := ask()
	if err != nil {
		return ""
	}
	return name
}
