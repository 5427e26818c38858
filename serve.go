package heliograph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/broker"
)

// Ports on which an agent listens when DefaultAddr is taken.
const (
	firstSpare = 10223
	spares     = 10
)

// Bounds of a connection over HTTP.
const (
	headerTime     = 10 * time.Second
	idleTime       = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// KnownBrokers returns the ports of the brokers of DevFlow tools, for
// Options.Brokers.
func KnownBrokers() []int { return broker.Ports() }

// ListenAndServe listens at Options.Addr and serves clients until ctx is done or the
// agent is closed, and returns nil then. The program should not end because of its
// error: that it cannot be looked into.
//
// A nil Agent waits for ctx.
func (a *Agent) ListenAndServe(ctx context.Context) error {
	if a == nil {
		<-ctx.Done()
		return nil
	}
	l, err := a.listen(ctx)
	if err != nil {
		return err
	}
	return a.Serve(ctx, l)
}

func (a *Agent) listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	addr := a.opts.Addr
	if addr == "" {
		addr = DefaultAddr
	}
	l, err := lc.Listen(ctx, "tcp", addr)
	for i := 0; a.opts.Addr == "" && i < spares && errors.Is(err, syscall.EADDRINUSE); i++ {
		l, err = lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(firstSpare+i)))
	}
	if err != nil {
		return nil, fmt.Errorf("heliograph: %w", err)
	}
	return l, nil
}

// errRemote says that the agent would be open to the network.
var errRemote = errors.New("heliograph: the address is no loopback address; Options.AllowRemote would let everybody in who can reach it")

// Serve is ListenAndServe on a listener, which it closes.
func (a *Agent) Serve(ctx context.Context, l net.Listener) error {
	if a == nil {
		_ = l.Close()
		<-ctx.Done()
		return nil
	}
	if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && !a.opts.AllowRemote {
		_ = l.Close()
		return errRemote
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if !a.enter(&cancel) {
		_ = l.Close()
		return nil
	}
	defer a.leave(&cancel)
	addr := l.Addr().String()
	a.addr.Store(&addr)
	defer a.addr.CompareAndSwap(&addr, nil)

	api := a.newAPI()
	server := &http.Server{
		Handler:           a.guard(a.handler(api.Handler())),
		ConnContext:       withPeer,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	var others sync.WaitGroup
	others.Go(func() {
		<-ctx.Done()
		end, stop := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
		defer stop()
		if err := errors.Join(api.Shutdown(end), server.Shutdown(end)); err != nil {
			_ = server.Close()
		}
	})
	if port := portOf(l.Addr()); port > 0 && len(a.opts.Brokers) > 0 {
		others.Go(func() { broker.Register(ctx, a.opts.Brokers, a.registration(port), a.log) })
	}
	err := server.Serve(l)
	ended := ctx.Err() != nil
	cancel()
	others.Wait()
	if ended || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("heliograph: %w", err)
}

// enter counts a server, which Close cancels and waits for. It reports false once the
// agent is closed.
func (a *Agent) enter(cancel *context.CancelFunc) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return false
	}
	a.cancels[cancel] = true
	a.serving.Add(1)
	return true
}

func (a *Agent) leave(cancel *context.CancelFunc) {
	a.mu.Lock()
	delete(a.cancels, cancel)
	a.mu.Unlock()
	a.serving.Done()
}

// Addr returns where ListenAndServe or Serve listens, for example "127.0.0.1:9223",
// and "" while neither runs.
func (a *Agent) Addr() string {
	if a == nil {
		return ""
	}
	if addr := a.addr.Load(); addr != nil {
		return *addr
	}
	return ""
}

func (a *Agent) registration(port int) broker.Registration {
	app := a.rec.App()
	return broker.Registration{
		Project: app.Project, Target: broker.Target(), Platform: broker.Platform(), AppName: app.Name, Port: port,
		Version: a.version, SessionID: app.SessionID,
	}
}

func portOf(addr net.Addr) int {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return 0
	}
	return tcp.Port
}

// guard keeps out who is not on this machine.
func (a *Agent) guard(next http.Handler) http.Handler {
	if a.opts.AllowRemote {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := stranger(r); why != "" {
			http.Error(w, why, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// stranger returns why the sender of a request is not let in, or "".
func stranger(r *http.Request) string {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() {
		return "this agent answers to its own machine only"
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip"} {
		if r.Header.Get(name) != "" {
			return "this agent answers to its own machine only, and the request was passed on"
		}
	}
	if !ofSameUser(r.Context()) {
		return "this agent answers to programs of its own user only"
	}
	return ""
}
