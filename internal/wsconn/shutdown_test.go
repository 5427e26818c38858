package wsconn

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
)

func TestShutdownTellsEverybody(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		hub := NewHub(Options{})
		var links []*link
		for range 5 {
			l := newLink(t, hub, 1<<20, vector, nil)
			l.conn.AddFeed(&counter{size: 100, limit: 50}, FeedOptions{})
			links = append(links, l)
		}
		synctest.Wait()
		done := make(chan error)
		go func() { done <- hub.Shutdown(context.Background()) }()
		for _, l := range links {
			got, code, reason := l.messages()
			if len(got) != 50 || code != CodeGoingAway || reason != shutdownReason {
				t.Errorf("%d messages, then %d %q", len(got), code, reason)
			}
			l.send(ws.OpClose, closePayload(code, ""))
			l.expectEnd(ErrShutdown)
		}
		if err := <-done; err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Errorf("second shutdown: %v", err)
		}
	})
}

// TestShutdownDoesNotWaitForTheStuck: beyond its context.
func TestShutdownDoesNotWaitForTheStuck(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		hub := NewHub(Options{})
		for range 5 {
			l := newLink(t, hub, 1000, vector, nil)
			l.conn.AddFeed(&counter{size: 100}, FeedOptions{})
			defer func() { l.expectEnd(ErrShutdown) }()
		}
		synctest.Wait()
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(context.Background(), 2*time.Second, enough)
		defer cancel()
		began := time.Now()
		if err := hub.Shutdown(ctx); !errors.Is(err, enough) {
			t.Errorf("shutdown: %v", err)
		}
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("took %v", d)
		}
	})
}

// TestShutdownWithoutPatience: with a context that never ends, stuck peers are
// ended by the stall limit.
func TestShutdownWithoutPatience(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		hub := NewHub(Options{StallLimit: 10 * time.Second})
		l := newLink(t, hub, 1000, vector, nil)
		l.conn.AddFeed(&counter{size: 100}, FeedOptions{})
		synctest.Wait()
		if err := hub.Shutdown(context.Background()); err != nil {
			t.Errorf("shutdown: %v", err)
		}
	})
}

// TestShutdownWaitsForServe: what the hub runs has ended when it returns.
func TestShutdownWaitsForServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := NewHub(Options{})
		var over atomic.Bool
		l := newLink(t, hub, 1000, true, func(c *Conn) error {
			err := c.Serve(ignore)
			pass(time.Minute) // gives things back
			over.Store(true)
			return err
		})
		_ = l.nc.CloseWrite()
		if err := hub.Shutdown(context.Background()); err != nil || !over.Load() {
			t.Errorf("returned with %v before the connection's work was over", err)
		}
	})
}

// TestShutdownAmongHandshakes: whatever the moment, a client is either served
// and told, or refused and told, and nothing runs afterwards.
func TestShutdownAmongHandshakes(t *testing.T) {
	for range 20 {
		hub := NewHub(Options{})
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if c, err := hub.Upgrade(w, r); err == nil {
				hub.Go(c, func(c *Conn) { _ = c.Serve(ignore) })
			}
		}))
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				c, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(srv.URL, "http"), nil)
				if err != nil {
					t.Errorf("dial: %v", err)
					return
				}
				defer c.CloseNow()
				if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != websocket.StatusGoingAway {
					t.Errorf("ended with %v", err)
				}
			})
		}
		waitFor(t, "a client", func() bool { return hub.Stats().Accepted > 0 })
		shutDown(t, hub)
		clients.Wait()
		srv.Close()
	}
}

// TestWakeAfterTheEnd: topics may wake a connection at any time.
func TestWakeAfterTheEnd(t *testing.T) {
	hub := NewHub(Options{})
	var wakers sync.WaitGroup
	for range 50 {
		p := tcpPair(t)
		c, err := hub.adopt(p.server, false, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		hub.Go(c, func(c *Conn) { _ = c.Serve(ignore) })
		stop := make(chan struct{})
		wakers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.Wake()
				}
			}
		})
		_ = p.client.SetLinger(0)
		_ = p.client.Close()
		<-c.Context().Done()
		close(stop)
	}
	shutDown(t, hub)
	wakers.Wait()
}

var _ net.Conn = (*script)(nil)
