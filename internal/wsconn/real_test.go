package wsconn

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/gobwas/ws"
)

// realServer serves one hub over TCP or TLS.
func realServer(t *testing.T, hub *Hub, secure bool, serve func(*Conn)) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := hub.Upgrade(w, r); err == nil {
			hub.Go(c, serve)
		}
	}))
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = hub.Shutdown(ctx)
		srv.Close()
	})
	return srv
}

// dialServer returns a transport after the handshake.
func dialServer(t *testing.T, srv *httptest.Server) (net.Conn, *bufio.Reader) {
	t.Helper()
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = nc.(*net.TCPConn).SetReadBuffer(64 << 10)
	if srv.TLS != nil {
		nc = tls.Client(nc, &tls.Config{InsecureSkipVerify: true})
	}
	t.Cleanup(func() { _ = nc.Close() })
	_ = nc.SetDeadline(time.Now().Add(60 * time.Second))
	_, _ = io.WriteString(nc, handshakeRequest+"\r\n")
	r := bufio.NewReader(nc)
	if resp, err := http.ReadResponse(r, nil); err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("handshake: %v, %v", resp, err)
	}
	return nc, r
}

func overTCPAndTLS(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("tcp", func(t *testing.T) { t.Parallel(); test(t, false) })
	t.Run("tls", func(t *testing.T) { t.Parallel(); test(t, true) })
}

// TestSlowPeerOverRealSockets: real kernel buffers, real partial writes.
func TestSlowPeerOverRealSockets(t *testing.T) {
	overTCPAndTLS(t, func(t *testing.T, secure bool) {
		const size = 5000
		hub := NewHub(Options{StallLimit: 300 * time.Millisecond})
		conns := make(chan *Conn, 1)
		srv := realServer(t, hub, secure, func(c *Conn) {
			conns <- c
			c.AddFeed(&counter{size: size}, FeedOptions{})
			_ = c.Serve(ignore)
		})
		_, r := dialServer(t, srv)
		c := <-conns
		<-c.Context().Done()
		if cause := context.Cause(c.Context()); !errors.Is(cause, ErrSlow) {
			t.Fatalf("ended with %v", cause)
		}
		for n := uint32(0); ; n++ {
			h, payload, err := readFrame(r, false)
			if err != nil {
				t.Fatalf("after %d whole messages: %v", n, err)
			}
			if h.OpCode == ws.OpClose {
				if code := Code(binary.BigEndian.Uint16(payload)); code != CodeTryLater || n == 0 {
					t.Errorf("closed with %d after %d messages", code, n)
				}
				return
			}
			if len(payload) != size || binary.BigEndian.Uint32(payload) != n {
				t.Fatalf("message %d has %d bytes and number %d", n, len(payload), binary.BigEndian.Uint32(payload))
			}
		}
	})
}

// TestPeerThatStillReadsLosesNothing: the close handshake takes longer than the
// server waits, because the peer is busy with what came before, and what the
// peer sends meanwhile must not make the kernel throw the rest away.
func TestPeerThatStillReadsLosesNothing(t *testing.T) {
	overTCPAndTLS(t, func(t *testing.T, secure bool) {
		const size, count = 10_000, 200
		conns := make(chan *Conn, 1)
		srv := realServer(t, NewHub(Options{}), secure, func(c *Conn) {
			conns <- c
			for n := range count {
				_ = c.Send(context.Background(), Binary(nil, numbered(n, size)))
			}
			c.Close(CodeNormal, "")
			_ = c.Serve(ignore)
		})
		nc, r := dialServer(t, srv)
		<-(<-conns).Context().Done()
		<-time.After(closeWait + 200*time.Millisecond)
		_, _ = nc.Write(clientFrame(ws.OpPing, true, 0, []byte("still here")))
		var got [][]byte
		for {
			h, payload, err := readFrame(r, false)
			if err != nil {
				t.Fatalf("after %d messages: %v", len(got), err)
			}
			if h.OpCode == ws.OpClose {
				break
			}
			got = append(got, payload)
			if len(got)%50 == 0 {
				_, _ = nc.Write(clientFrame(ws.OpPing, true, 0, nil))
			}
		}
		expectNumbered(t, got, size)
		if len(got) != count {
			t.Errorf("%d of %d messages came", len(got), count)
		}
	})
}

// TestWindowWithAStockClient: a client that knows nothing of windows bounds what
// is on its way by answering pings in its own time.
func TestWindowWithAStockClient(t *testing.T) {
	overTCPAndTLS(t, func(t *testing.T, secure bool) {
		const window, size, count = 100_000, 4000, 1000
		feed := make(chan *queueFeed, 1)
		srv := realServer(t, NewHub(Options{}), secure, func(c *Conn) {
			f := &queueFeed{conn: c}
			for n := range count {
				f.frames = append(f.frames, Binary(nil, numbered(n, size)))
			}
			c.AddFeed(f, FeedOptions{Window: window, Hurry: true})
			feed <- f
			_ = c.Serve(ignore)
		})
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		defer cancel()
		c, _, err := websocket.Dial(ctx, strings.Replace(srv.URL, "http", "ws", 1), &websocket.DialOptions{HTTPClient: srv.Client()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		f := <-feed
		var got [][]byte
		for len(got) < count {
			_, m, err := c.Read(ctx)
			if err != nil {
				t.Fatalf("after %d messages: %v", len(got), err)
			}
			got = append(got, m)
			if out := (count - f.left() - len(got)) * size; out >= window+firstStep*size {
				t.Fatalf("%d bytes are on their way, the window is %d", out, window)
			}
		}
		expectNumbered(t, got, size)
		if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("close: %v", err)
		}
	})
}

// TestResetPeer: a real RST while a write is under way.
func TestResetPeer(t *testing.T) {
	ended := make(chan error, 1)
	srv := realServer(t, NewHub(Options{}), false, func(c *Conn) {
		c.AddFeed(&counter{size: 5000}, FeedOptions{})
		ended <- c.Serve(ignore)
	})
	nc, r := dialServer(t, srv)
	if _, _, err := readFrame(r, false); err != nil {
		t.Fatal(err)
	}
	_ = nc.(*net.TCPConn).SetLinger(0)
	_ = nc.Close()
	if err := <-ended; err == nil || errors.Is(err, ErrClosed) || errors.Is(err, ErrSlow) {
		t.Errorf("ended with %v", err)
	}
}
