package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/cert"
	"github.com/heliograph/heliograph/internal/server/origin"
	"github.com/heliograph/heliograph/internal/server/peer"
	"github.com/heliograph/heliograph/internal/server/token"
)

// FirstToken is the name of the token that is made when there is none.
const FirstToken = "first"

// Server is the front door. It is made by New and runs once.
type Server struct {
	opts     Options
	log      *slog.Logger
	gate     *gate
	policy   *origin.Policy
	tls      cert.Source // nil for plain HTTP
	tokens   *token.Store
	sessions *token.Sessions
	attempts *token.Attempts
	metrics  *metrics
	busy     busy
	stopping atomic.Bool
	login    string
	http     *http.Server
	cutOff   context.CancelFunc
	routes   *http.ServeMux
	failers  map[string]FailFunc // by the pattern of the route
}

// New checks the options, prepares certificate and tokens, and returns a server
// that Run starts. When it fails it closes the listeners, as Run would.
func New(opts Options) (*Server, error) {
	s, err := build(opts)
	if err != nil {
		for _, l := range opts.Listeners {
			l.Close()
		}
		return nil, fmt.Errorf("server: %w", err)
	}
	return s, nil
}

func build(opts Options) (*Server, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	opts.Limits = opts.Limits.withDefaults()
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.peerUID == nil {
		opts.peerUID = peer.UID
	}
	s := &Server{opts: opts, log: opts.Logger, gate: newGate(opts.Limits), failers: map[string]FailFunc{}}
	var err error
	if s.policy, err = origin.NewPolicy(opts.AllowHosts, opts.AllowOrigins, s.opts.hostname); err != nil {
		return nil, err
	}
	if err := s.prepareTLS(); err != nil {
		return nil, err
	}
	if err := s.prepareTokens(); err != nil {
		return nil, err
	}
	if s.metrics, err = newMetrics(opts.Registry, s.gate); err != nil {
		return nil, err
	}
	s.prepareHTTP()
	return s, nil
}

func (s *Server) prepareTLS() (err error) {
	t := s.opts.TLS
	switch {
	case !t.Enabled:
	case t.CertFile != "":
		s.tls, err = cert.NewFiles(t.CertFile, t.KeyFile, s.log)
	default:
		s.tls, err = cert.NewSelfSigned(s.opts.State, s.certNames, s.log)
	}
	return err
}

// certNames are the names and addresses for a self-signed certificate.
func (s *Server) certNames() ([]string, []net.IP) {
	names := append([]string{"localhost"}, origin.OwnNames(s.opts.hostname())...)
	for _, name := range s.opts.AllowHosts {
		if h, err := origin.ParseHost(name); err == nil && !h.IP.IsValid() {
			names = append(names, h.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), ownIPs()
}

// prepareTokens opens tokens and sessions, and makes the first token.
func (s *Server) prepareTokens() error {
	s.tokens = token.NewStore(s.opts.State)
	s.attempts = token.NewAttempts(time.Now)
	list, err := s.tokens.List()
	if err != nil {
		return err
	}
	if s.sessions, err = token.OpenSessions(s.opts.State, s.tokens); err != nil {
		return err
	}
	if len(list) > 0 || s.opts.InsecureNoAuth {
		return nil
	}
	secret, err := s.tokens.Create(FirstToken, []access.Scope{access.Admin})
	if err != nil {
		return err
	}
	s.login = s.loginURL(secret)
	return nil
}

func (s *Server) prepareHTTP() {
	l := s.opts.Limits
	base, cutOff := context.WithCancel(context.Background())
	s.cutOff = cutOff
	var protocols http.Protocols
	protocols.SetHTTP1(true) // WebSockets cannot be upgraded from HTTP/2 here
	s.http = &http.Server{
		Handler:                      s.chain(),
		ReadHeaderTimeout:            l.HeaderTimeout,
		IdleTimeout:                  l.IdleTimeout,
		MaxHeaderBytes:               l.MaxHeaderBytes,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		Protocols:                    &protocols,
		DisableGeneralOptionsHandler: true,
		BaseContext:                  func(net.Listener) context.Context { return base },
		ConnContext:                  s.connContext,
		ConnState: func(conn net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				s.gate.leave(conn.RemoteAddr())
			}
		},
	}
	if s.tls != nil {
		s.http.TLSConfig = cert.Config(s.tls)
	}
}

// Login returns the ready-to-open URL with the token that New made because
// there was none, and the empty string in every other case. It is a secret that
// exists nowhere else: print it once, log it never.
func (s *Server) Login() string { return s.login }

// Fingerprint returns the SHA-256 fingerprint of the certificate, empty without
// TLS.
func (s *Server) Fingerprint() (string, error) {
	if s.tls == nil {
		return "", nil
	}
	c, err := s.tls.Get()
	if err != nil {
		return "", err
	}
	return cert.Fingerprint(c), nil
}

// Close gives up a server that was never run.
func (s *Server) Close() error {
	s.cutOff()
	return s.closeListeners()
}

// Run serves until ctx ends or a listener fails, then shuts down in this order,
// within Limits.ShutdownTimeout: close the listeners, run the hooks one after
// the other, wait for the requests in work, cut what is left. It returns nil
// when everything ended by itself.
func (s *Server) Run(ctx context.Context) error {
	if s.opts.InsecureNoAuth {
		s.log.Warn("authentication is off: everybody who reaches a listener controls this device")
	}
	var serving sync.WaitGroup
	failed := make(chan error, len(s.opts.Listeners))
	for _, l := range s.opts.Listeners {
		serving.Go(func() {
			if err := s.serve(l); !s.stopping.Load() {
				failed <- fmt.Errorf("serve %s: %w", l.Addr(), err)
			}
		})
	}
	var cause error
	select {
	case <-ctx.Done():
	case cause = <-failed:
	}
	err := s.shutdown(context.WithoutCancel(ctx))
	serving.Wait()
	return errors.Join(cause, err)
}

func (s *Server) serve(l net.Listener) error {
	gated := &gatedListener{Listener: l, gate: s.gate, plain: s.tls == nil}
	if s.tls != nil {
		return s.http.ServeTLS(gated, "", "")
	}
	return s.http.Serve(gated)
}

func (s *Server) closeListeners() error {
	var errs []error
	for _, l := range s.opts.Listeners {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// shutdown is the visible order of Run.
func (s *Server) shutdown(ctx context.Context) error {
	s.log.Info("shutting down")
	ctx, cancel := context.WithTimeout(ctx, s.opts.Limits.ShutdownTimeout)
	defer cancel()
	s.stopping.Store(true)
	s.http.SetKeepAlivesEnabled(false)
	errs := []error{s.closeListeners()}
	for _, hook := range s.opts.Stop {
		if err := hook.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", hook.Name, err))
		}
	}
	err := s.http.Shutdown(ctx)
	if err == nil || errors.Is(err, net.ErrClosed) { // the listeners were closed above
		err = s.busy.wait(ctx)
	}
	if err != nil {
		errs = append(errs, fmt.Errorf("shutdown: %d requests did not end in time: %w", s.busy.count(), err))
	}
	s.cutOff()
	if err := s.http.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
