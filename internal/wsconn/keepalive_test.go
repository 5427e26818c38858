package wsconn

import (
	"bufio"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/internal/testkit/pipe"
)

// TestPingsComeInTime: never more than the interval apart, whatever the phase
// in which a connection was made.
func TestPingsComeInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := NewHub(Options{})
		other := newLink(t, hub, 4096, true, nil) // makes the ticker's phase another one
		pass(300 * time.Millisecond)
		l := newLink(t, hub, 4096, true, nil)
		last := time.Now()
		for n := range 20 {
			op, payload, err := l.receive()
			if err != nil || op != ws.OpPing {
				t.Fatalf("received %v, %v", op, err)
			}
			if d := time.Since(last); d > DefaultPingEvery || n > 0 && d < DefaultPingEvery-2*time.Second {
				t.Errorf("a ping after %v, want at least one per %v", d, DefaultPingEvery)
			}
			last = time.Now()
			l.send(ws.OpPong, payload)
			other.send(ws.OpPong, nil)
		}
		_ = other.nc.Close()
	})
}

// TestCredentialsThatEnd ends a connection, with the next ping at the latest, whose
// owner may not have it any more.
func TestCredentialsThatEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := NewHub(Options{})
		server, client := pipe.New(4096)
		var valid atomic.Bool
		valid.Store(true)
		c, err := hub.adopt(server, false, nil, valid.Load)
		if err != nil {
			t.Fatal(err)
		}
		hub.Go(c, func(c *Conn) { _ = c.Serve(ignore) })
		l := &link{t: t, hub: hub, conn: c, nc: client, r: bufio.NewReader(client)}
		defer l.end()
		if op, _, err := l.receive(); op != ws.OpPing || err != nil {
			t.Fatalf("received %v, %v", op, err)
		}
		valid.Store(false)
		began := time.Now()
		if _, code, reason := l.messages(); code != CodePolicy || reason == "" || time.Since(began) > DefaultPingEvery {
			t.Errorf("closed with %d, %q after %v", code, reason, time.Since(began))
		}
	})
}

func TestSilentPeerIsCut(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		hub := NewHub(Options{})
		l := newLink(t, hub, 4096, vector, nil)
		began := time.Now()
		l.expectEnd(ErrSilent)
		if d := time.Since(began); d < DefaultIdleTimeout || d > DefaultIdleTimeout+2*time.Second {
			t.Errorf("cut after %v, want %v", d, DefaultIdleTimeout)
		}
		if hub.Stats().Silent != 1 {
			t.Error("not counted")
		}
	})
}

// TestEveryByteIsASignOfLife: a large message over a slow link takes longer than
// the idle timeout.
func TestEveryByteIsASignOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan int, 1)
		l := newLink(t, NewHub(Options{}), 4096, true, func(c *Conn) error {
			return c.Serve(func(_ Kind, p []byte) error { got <- len(p); return nil })
		})
		for _, b := range clientFrame(ws.OpText, true, 0, []byte("slowly")) {
			pass(50 * time.Second)
			_, _ = l.nc.Write([]byte{b})
		}
		if n := <-got; n != 6 {
			t.Errorf("got %d bytes", n)
		}
	})
}

// TestBusyCallbackIsNotSilence: while nobody reads, nobody can hear the peer.
func TestBusyCallbackIsNotSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, NewHub(Options{}), 4096, true, func(c *Conn) error {
			return c.Serve(func(Kind, []byte) error { pass(time.Hour); return nil })
		})
		l.send(ws.OpText, nil)
		pass(59 * time.Minute)
		if err := l.conn.Context().Err(); err != nil {
			t.Errorf("cut while the callback ran: %v", err)
		}
		l.nc.Reset()
		<-l.ended
	})
}

func TestPingsAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, NewHub(Options{}), 4096, true, nil)
		l.send(ws.OpPing, []byte("héliograph"))
		op, payload, err := l.receive()
		if op != ws.OpPong || string(payload) != "héliograph" || err != nil {
			t.Errorf("received %v %q, %v", op, payload, err)
		}
	})
}

// TestPingFloodIsBounded: who makes us answer and reads no answer does not make
// memory grow.
func TestPingFloodIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, NewHub(Options{}), 1024, true, nil)
		ping := clientFrame(ws.OpPing, true, 0, make([]byte, 125))
		for range 10_000 {
			if _, err := l.nc.Write(ping); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		l.conn.mu.Lock()
		waiting := len(l.conn.control)
		l.conn.mu.Unlock()
		if waiting > maxControl {
			t.Errorf("%d pongs wait", waiting)
		}
	})
}

// TestNothingRunsWithoutConnections: the bubble would not end with a goroutine
// left, and the hub starts anew with the next connection.
func TestNothingRunsWithoutConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hub := NewHub(Options{})
		for range 3 {
			l := newLink(t, hub, 4096, true, nil)
			if op, _, err := l.receive(); op != ws.OpPing || err != nil {
				t.Errorf("received %v, %v", op, err)
			}
			_ = l.nc.Close()
			<-l.ended
			synctest.Wait()
			if hub.idle != nil {
				t.Error("the keep-alive still runs")
			}
		}
	})
}
