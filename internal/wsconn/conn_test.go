package wsconn_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/wsconn"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start serves WebSockets with serve until the test ends.
func start(t *testing.T, opts wsconn.Options, serve func(*wsconn.Conn)) (*wsconn.Hub, string) {
	t.Helper()
	hub := wsconn.NewHub(opts)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status, problem := wsconn.CheckUpgrade(r); status != 0 {
			http.Error(w, problem, status)
			return
		}
		if c, err := hub.Upgrade(w, r); err == nil {
			hub.Go(c, serve)
		}
	}))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := hub.Shutdown(ctx); err != nil {
			t.Errorf("shut down the hub: %v", err)
		}
		srv.Close()
	})
	return hub, "ws" + strings.TrimPrefix(srv.URL, "http")
}

func dial(t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	c, resp, err := websocket.Dial(ctx, url, opts)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	_ = resp
	c.SetReadLimit(64 << 20)
	t.Cleanup(func() { _ = c.CloseNow() })
	return c
}

// echo sends every message back as it came.
func echo(c *wsconn.Conn) {
	_ = c.Serve(func(kind wsconn.Kind, payload []byte) error {
		f := wsconn.Binary(nil, payload)
		if kind == wsconn.TextMessage {
			f = wsconn.Text(append([]byte(nil), payload...))
		}
		return c.Send(context.Background(), f)
	})
}

func TestEchoOfAllSizes(t *testing.T) {
	for name, mode := range map[string]websocket.CompressionMode{
		"plain":   websocket.CompressionDisabled,
		"deflate": websocket.CompressionNoContextTakeover,
	} {
		t.Run(name, func(t *testing.T) {
			_, url := start(t, wsconn.Options{}, echo)
			c := dial(t, url, &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1})
			for _, size := range []int{0, 1, 125, 126, 511, 512, 4096, 65535, 65536, 1 << 20} {
				want := strings.Repeat("héliograph ", size/12+1)[:size]
				want = strings.ToValidUTF8(want, "?")
				for _, typ := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
					if err := c.Write(t.Context(), typ, []byte(want)); err != nil {
						t.Fatalf("write %d bytes: %v", size, err)
					}
					gotType, got, err := c.Read(t.Context())
					if err != nil {
						t.Fatalf("read %d bytes: %v", size, err)
					}
					if gotType != typ || string(got) != want {
						t.Fatalf("echo of %d bytes differs", size)
					}
				}
			}
			if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
				t.Fatalf("close handshake: %v", err)
			}
		})
	}
}

func TestServerClosesAfterQueuedFrames(t *testing.T) {
	_, url := start(t, wsconn.Options{}, func(c *wsconn.Conn) {
		for range 200 {
			_ = c.Send(context.Background(), wsconn.Text([]byte("x")))
		}
		c.Close(wsconn.CodeNormal, "done")
		_ = c.Serve(func(wsconn.Kind, []byte) error { return nil })
	})
	c := dial(t, url, nil)
	n := 0
	for {
		if _, _, err := c.Read(t.Context()); err != nil {
			if websocket.CloseStatus(err) != websocket.StatusNormalClosure {
				t.Fatalf("closed with %v", err)
			}
			break
		}
		n++
	}
	if n != 200 {
		t.Errorf("got %d of 200 frames before the close", n)
	}
}

func TestTooLargeMessage(t *testing.T) {
	_, url := start(t, wsconn.Options{ReadLimit: 1000}, echo)
	c := dial(t, url, nil)
	if err := c.Write(t.Context(), websocket.MessageText, make([]byte, 1001)); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(t.Context())
	if websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("got %v, want close code 1009", err)
	}
}
