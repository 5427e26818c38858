package wsconn

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// onBothTransports runs a test in virtual time over both ways of writing.
func onBothTransports(t *testing.T, test func(t *testing.T, vector bool)) {
	for name, vector := range transports {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, vector) })
		})
	}
}

func TestServerCloses(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		l := newLink(t, NewHub(Options{}), 4096, vector, nil)
		for range 10 {
			_ = l.conn.Send(t.Context(), Text([]byte("queued")))
		}
		l.conn.Close(CodePolicy, "enough")
		l.conn.Close(CodeNormal, "only the first counts")
		if err := l.conn.Send(t.Context(), Text([]byte("late"))); !errors.Is(err, ErrClosed) {
			t.Errorf("send after close: %v", err)
		}
		got, code, reason := l.messages()
		if len(got) != 10 || code != CodePolicy || reason != "enough" {
			t.Errorf("got %d messages, then %d %q", len(got), code, reason)
		}
		began := time.Now()
		l.send(ws.OpText, []byte("ignored: the server is closing"))
		l.send(ws.OpClose, closePayload(CodePolicy, ""))
		l.expectEnd(ErrClosed)
		if time.Since(began) > 0 {
			t.Errorf("ended %v after the answer", time.Since(began))
		}
	})
}

func TestServerClosesAndThePeerNeverAnswers(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		l := newLink(t, NewHub(Options{}), 4096, vector, nil)
		l.conn.Close(CodeNormal, "")
		began := time.Now()
		l.expectEnd(ErrClosed)
		if d := time.Since(began); d != closeWait {
			t.Errorf("waited %v for the answer, want %v", d, closeWait)
		}
	})
}

func TestPeerCloses(t *testing.T) {
	for name, tt := range map[string]struct {
		payload []byte
		want    Code
		cause   error // besides ErrPeerClosed
	}{
		"without code":       {nil, CodeNormal, ErrPeerClosed},
		"normal":             {closePayload(1000, "bye"), CodeNormal, ErrPeerClosed},
		"going away":         {closePayload(1001, ""), CodeGoingAway, ErrPeerClosed},
		"registered later":   {closePayload(1012, ""), 1012, ErrPeerClosed},
		"last registered":    {closePayload(1014, ""), 1014, ErrPeerClosed},
		"library":            {closePayload(3000, ""), 3000, ErrPeerClosed},
		"application":        {closePayload(4999, "héliograph"), 4999, ErrPeerClosed},
		"one byte":           {[]byte{3}, CodeProtocolError, nil},
		"below 1000":         {closePayload(999, ""), CodeProtocolError, nil},
		"zero":               {closePayload(0, ""), CodeProtocolError, nil},
		"reserved 1004":      {closePayload(1004, ""), CodeProtocolError, nil},
		"no status 1005":     {closePayload(1005, ""), CodeProtocolError, nil},
		"abnormal 1006":      {closePayload(1006, ""), CodeProtocolError, nil},
		"tls 1015":           {closePayload(1015, ""), CodeProtocolError, nil},
		"unassigned 2999":    {closePayload(2999, ""), CodeProtocolError, nil},
		"above 4999":         {closePayload(5000, ""), CodeProtocolError, nil},
		"reason is no UTF-8": {closePayload(1000, "\xff"), CodeInvalidData, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, NewHub(Options{}), 4096, true, nil)
				_ = l.conn.Send(t.Context(), Text([]byte("queued before")))
				l.send(ws.OpClose, tt.payload)
				l.expectClose(tt.want)
				if tt.cause != nil {
					l.expectEnd(tt.cause)
				} else {
					_ = l.nc.Close()
					var refused *CloseError
					if err := <-l.ended; !errors.As(err, &refused) || refused.Code != tt.want {
						t.Errorf("ended with %v", err)
					}
					if l.hub.Stats().ReadErrors != 1 {
						t.Error("the violation was not counted")
					}
				}
			})
		})
	}
}

func TestBothCloseAtOnce(t *testing.T) {
	onBothTransports(t, func(t *testing.T, vector bool) {
		l := newLink(t, NewHub(Options{}), 4096, vector, nil)
		began := time.Now()
		l.conn.Close(CodeNormal, "")
		l.send(ws.OpClose, closePayload(CodeGoingAway, ""))
		l.expectClose(CodeNormal)
		l.expectEnd(ErrClosed)
		if time.Since(began) > 0 {
			t.Errorf("took %v", time.Since(began))
		}
		if _, code, _ := l.messages(); code != 0 {
			t.Errorf("a second close frame with code %d", code)
		}
	})
}

func TestPeerVanishes(t *testing.T) {
	for name, tt := range map[string]struct {
		vanish func(*link)
		want   error
	}{
		"half-closes":           {func(l *link) { _ = l.nc.CloseWrite() }, ErrPeerClosed},
		"closes":                {func(l *link) { _ = l.nc.Close() }, ErrPeerClosed},
		"closes inside a frame": {func(l *link) { _, _ = l.nc.Write([]byte{0x81, 0x85, 1}); _ = l.nc.Close() }, ErrPeerClosed},
		"resets":                {func(l *link) { l.nc.Reset() }, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			onBothTransports(t, func(t *testing.T, vector bool) {
				l := newLink(t, NewHub(Options{}), 64, vector, nil)
				l.conn.AddFeed(&counter{size: 100}, FeedOptions{}) // a write is under way
				synctest.Wait()
				tt.vanish(l)
				if err := <-l.ended; !errors.Is(err, tt.want) && !errors.Is(err, syscall.EPIPE) {
					t.Errorf("ended with %v, want %v", err, tt.want)
				}
				l.conn.Wake() // a late wake of a topic
				if err := l.conn.Send(t.Context(), Text(nil)); err == nil {
					t.Error("a connection that has ended takes frames")
				}
			})
		})
	}
}

func TestCallbackErrors(t *testing.T) {
	internal := errors.New("secret of the server")
	for name, tt := range map[string]struct {
		err    error
		want   Code
		reason string
	}{
		"a code of its own": {&CloseError{Code: CodeUnsupported, Reason: "text only"}, CodeUnsupported, "text only"},
		"anything else":     {internal, CodeInternal, "internal failure"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(t, NewHub(Options{}), 4096, true, func(c *Conn) error {
					return c.Serve(func(Kind, []byte) error {
						_ = c.Send(context.Background(), Text([]byte("told first")))
						return tt.err
					})
				})
				l.send(ws.OpBinary, []byte("x"))
				got, code, reason := l.messages()
				if len(got) != 1 || code != tt.want || reason != tt.reason {
					t.Errorf("got %d messages, then %d %q", len(got), code, reason)
				}
				l.send(ws.OpClose, closePayload(code, ""))
				_ = l.nc.Close()
				l.expectEnd(tt.err)
			})
		})
	}
}

func TestLongCloseReasonIsCutBetweenCharacters(t *testing.T) {
	frame := closeFrame(CodePolicy, strings.Repeat("é", 100))
	if len(frame) > 2+ws.MaxControlFramePayloadSize || !utf8.Valid(frame[4:]) || len(frame) < 120 {
		t.Errorf("close frame of %d bytes: %q", len(frame), frame[4:])
	}
}

func TestServeIsLeftToTheHub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLink(t, NewHub(Options{}), 4096, true, func(c *Conn) error {
			return c.Send(context.Background(), Text([]byte("and nothing else")))
		})
		got, code, _ := l.messages()
		if len(got) != 1 || code != CodeNormal {
			t.Errorf("got %d messages, then %d", len(got), code)
		}
		l.send(ws.OpClose, closePayload(code, ""))
	})
}
