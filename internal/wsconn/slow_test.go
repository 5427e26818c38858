package wsconn

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowPeerLearnsOfIt: a peer that reads nothing for the stall limit and then
// goes on sees whole messages, in order, and close code 1013.
func TestSlowPeerLearnsOfIt(t *testing.T) {
	for name, size := range map[string]int{"small frames": 100, "frames larger than the buffers": 100_000} {
		t.Run(name, func(t *testing.T) {
			onBothTransports(t, func(t *testing.T, vector bool) {
				hub := NewHub(Options{StallLimit: 10 * time.Second})
				l := newLink(t, hub, 4096, vector, nil)
				l.conn.AddFeed(&counter{size: size}, FeedOptions{})
				began := time.Now()
				<-l.conn.Context().Done()
				if d := time.Since(began); d < 10*time.Second || d > 13*time.Second {
					t.Errorf("known as slow after %v, the limit is 10 s", d)
				}
				pass(slowLinger - time.Second)
				got, code, _ := l.messages()
				if code != CodeTryLater {
					t.Errorf("closed with %d, want %d", code, CodeTryLater)
				}
				expectNumbered(t, got, size)
				held := 4096
				if !vector {
					held += chunk // a chunk cannot be cut
				}
				if most := held/size + 2; len(got) == 0 || len(got) > most {
					t.Errorf("%d messages came, the transport holds less than %d", len(got), most)
				}
				l.send(8, closePayload(CodeTryLater, ""))
				l.expectEnd(ErrSlow)
				if st := hub.Stats(); st.Slow != 1 {
					t.Errorf("counted %d slow peers", st.Slow)
				}
			})
		})
	}
}

// TestSlowPeerOfAClosingServer: the close frame that was waiting behind frames
// that are dropped must not be the one that says all is well.
func TestSlowPeerOfAClosingServer(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		const size = 1000
		l := newLink(t, NewHub(Options{StallLimit: 10 * time.Second}), 4096, vector, nil)
		for n := range 40 {
			_ = l.conn.Send(t.Context(), Binary(nil, numbered(n, size)))
		}
		l.conn.Close(CodeNormal, "all is well")
		pass(20 * time.Second)
		got, code, _ := l.messages()
		if code != CodeTryLater || len(got) == 0 || len(got) == 40 {
			t.Errorf("%d of 40 messages, then %d", len(got), code)
		}
		expectNumbered(t, got, size)
		l.send(8, closePayload(code, ""))
		l.expectEnd(ErrClosed)
	})
}

// TestStuckPeerIsCut: a peer that never reads is cut in bounded time, whatever
// the server was about to do.
func TestStuckPeerIsCut(t *testing.T) {
	for name, tt := range map[string]struct {
		also func(*link)
		want error
	}{
		"while it is sent to":     {func(*link) {}, ErrSlow},
		"while the server closes": {func(l *link) { l.conn.Close(CodeNormal, "") }, ErrClosed},
		"after it broke a rule":   {func(l *link) { _, _ = l.nc.Write([]byte{0x81, 0x00}) }, nil},
		"after it closed":         {func(l *link) { l.send(8, nil) }, ErrPeerClosed},
	} {
		t.Run(name, func(t *testing.T) {
			onBothTransports(t, func(t *testing.T, vector bool) {
				l := newLink(t, NewHub(Options{StallLimit: 10 * time.Second}), 4096, vector, nil)
				l.conn.AddFeed(&counter{size: 1000}, FeedOptions{})
				synctest.Wait()
				began := time.Now()
				tt.also(l)
				if err := <-l.ended; tt.want != nil && !errors.Is(err, tt.want) {
					t.Errorf("ended with %v, want %v", err, tt.want)
				}
				if d := time.Since(began); d > 13*time.Second+slowLinger+closeWait {
					t.Errorf("cut after %v", d)
				}
			})
		})
	}
}

// TestSteadyTrickleIsNotSlow: who reads little, but always something, is served
// for as long as it takes.
func TestSteadyTrickleIsNotSlow(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		const size, count = 50_000, 20
		l := newLink(t, NewHub(Options{StallLimit: 10 * time.Second}), 4096, vector, nil)
		go l.keepAlive(t.Context())
		l.conn.AddFeed(&counter{size: size, limit: count}, FeedOptions{})
		trickle := &trickler{r: l.nc, every: time.Second, bytes: 3000}
		l.r.Reset(trickle)
		var got [][]byte
		for len(got) < count {
			_, payload, err := l.receive()
			if err != nil {
				t.Fatalf("after %d messages: %v, %v", len(got), err, context.Cause(l.conn.Context()))
			}
			if len(payload) > 0 {
				got = append(got, payload)
			}
		}
		expectNumbered(t, got, size)
	})
}

// trickler reads at most so many bytes at a time, after a pause.
type trickler struct {
	r     io.Reader
	every time.Duration
	bytes int
}

func (r *trickler) Read(p []byte) (int, error) {
	pass(r.every)
	return r.r.Read(p[:min(len(p), r.bytes)])
}

// keepAlive shows a sign of life from time to time.
func (l *link) keepAlive(ctx context.Context) {
	for {
		select {
		case <-time.After(20 * time.Second):
			_, _ = l.nc.Write(clientFrame(10, true, 0, nil))
		case <-ctx.Done():
			return
		}
	}
}

// TestSendersOfASlowPeerAreFreed: whoever waits for room gets the reason.
func TestSendersOfASlowPeerAreFreed(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		l := newLink(t, NewHub(Options{StallLimit: 10 * time.Second}), 64, vector, nil)
		sent := make(chan error)
		go func() {
			for {
				if err := l.conn.Send(context.Background(), Binary(nil, make([]byte, 1000))); err != nil {
					sent <- err
					return
				}
			}
		}()
		if err := <-sent; !errors.Is(err, ErrSlow) {
			t.Errorf("send returned %v", err)
		}
	})
}

// TestWindowThatStaysFullIsAStall: with a window nothing is left to write, so
// no write tells that the peer has stopped to read.
func TestWindowThatStaysFullIsAStall(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		l := newLink(t, NewHub(Options{}), 1<<20, vector, nil)
		l.conn.SetStallLimit(10 * time.Second)
		l.conn.AddFeed(&counter{size: 1000}, FeedOptions{Window: 64 << 10})
		began := time.Now()
		<-l.conn.Context().Done()
		if d := time.Since(began); d < 10*time.Second || d > 12*time.Second {
			t.Errorf("known as slow after %v, the limit is 10 s", d)
		}
		if unread := l.nc.Unread(); unread != 0 {
			t.Errorf("the client has %d bytes to send", unread)
		}
		got, code, _ := l.messages()
		if code != CodeTryLater || len(got) < 65 || len(got) > 70 {
			t.Errorf("%d messages, then %d", len(got), code)
		}
		expectNumbered(t, got, 1000)
		l.send(8, closePayload(code, ""))
		l.expectEnd(ErrSlow)
	})
}

// TestOnlyTheStalledWait: what is slow is one connection, not the hub.
func TestOnlyTheStalledWait(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		hub := NewHub(Options{StallLimit: 10 * time.Second})
		stuck := newLink(t, hub, 256, vector, nil)
		stuck.conn.AddFeed(&counter{size: 1000}, FeedOptions{})
		synctest.Wait()
		began := time.Now()
		fine := newLink(t, hub, 256, vector, nil)
		fine.conn.AddFeed(&counter{size: 1000, limit: 5000}, FeedOptions{})
		for range 5000 {
			if _, _, err := fine.receive(); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(began); d > 0 {
			t.Errorf("the other connection waited for %v", d)
		}
		fine.nc.Reset()
		stuck.nc.Reset()
	})
}
