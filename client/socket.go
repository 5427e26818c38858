package client

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	writeTimeout = 10 * time.Second
	// closeGrace is how long a closing socket waits for the peer's close frame.
	closeGrace = 500 * time.Millisecond
)

// errSilent: the peer answered neither with messages nor with pongs.
var errSilent = errors.New("the server has gone silent")

// A socket is one WebSocket connection. One goroutine reads; write may be called
// by any.
type socket struct {
	conn   *websocket.Conn
	opened time.Time
	life   context.Context // ends with kill
	end    context.CancelFunc
	wire   net.Conn     // what the connection runs over; nil if the transport did not tell
	heard  atomic.Int64 // Unix nanoseconds of the last sign of life
	busy   atomic.Bool  // the reader waits for its receiver and answers no pings
	silent atomic.Bool  // keepAlive has given it up
}

// dial opens the WebSocket at a path of the API. A refusal is an *Error.
func (c *Client) dial(ctx context.Context, path string, query url.Values) (*socket, error) {
	dialCtx, cancel := context.WithTimeout(ctx, c.opts.DialTimeout)
	defer cancel()
	s := &socket{}
	s.life, s.end = context.WithCancel(context.Background())
	// A closing WebSocket may wait for its peer for seconds; only the connection
	// below it can be cut off at once.
	dialCtx = httptrace.WithClientTrace(dialCtx, &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { s.wire = info.Conn },
	})
	opts := &websocket.DialOptions{
		HTTPClient:     c.http,
		HTTPHeader:     c.header(),
		OnPingReceived: func(context.Context, []byte) bool { s.alive(); return true },
		OnPongReceived: func(context.Context, []byte) { s.alive() },
	}
	if c.opts.Compress {
		opts.CompressionMode = websocket.CompressionContextTakeover
	}
	conn, resp, err := websocket.Dial(dialCtx, c.endpoint(path, query), opts)
	if err != nil {
		s.end()
		op := http.MethodGet + " " + path
		if resp != nil && resp.StatusCode != http.StatusSwitchingProtocols && resp.StatusCode/100 != 2 {
			body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
			return nil, decodeError(op, resp.StatusCode, resp.Header, body)
		}
		return nil, c.unreachable(ctx, op, err)
	}
	conn.SetReadLimit(c.opts.MaxMessage)
	s.conn, s.opened = conn, time.Now()
	s.alive()
	return s, nil
}

// kill cuts the connection off. It may be called at any time, by anybody.
func (s *socket) kill() {
	s.end()
	wire := s.wire
	if secure, ok := wire.(*tls.Conn); ok {
		wire = secure.NetConn() // closing TLS would say goodbye first, and may block
	}
	if wire != nil {
		_ = wire.Close()
	}
}

func (s *socket) alive() { s.heard.Store(time.Now().UnixNano()) }

// lastHeard is when the last sign of life came.
func (s *socket) lastHeard() time.Time { return time.Unix(0, s.heard.Load()) }

// read gives the next message. It blocks until there is one or the connection
// has ended.
func (s *socket) read() (binary bool, data []byte, err error) {
	ctx := context.Background()
	if s.wire == nil {
		ctx = s.life // costs more per message; otherwise kill ends the read
	}
	kind, data, err := s.conn.Read(ctx)
	if err == nil {
		s.alive()
		return kind == websocket.MessageBinary, data, nil
	}
	switch {
	case s.silent.Load():
		err = errSilent
	case errors.Is(err, websocket.ErrMessageTooBig):
		err = fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return false, nil, err
}

// write sends one message, or fails within writeTimeout, which ends the
// connection.
func (s *socket) write(ctx context.Context, binary bool, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	kind := websocket.MessageText
	if binary {
		kind = websocket.MessageBinary
	}
	return s.conn.Write(ctx, kind, data)
}

// keepAlive pings until ctx ends or until nothing has come for three periods,
// which ends the connection. A reader that waits for its receiver cannot see
// pongs; that time does not count.
func (s *socket) keepAlive(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if s.busy.Load() {
			s.alive()
			continue
		}
		if time.Since(s.lastHeard()) >= 3*every {
			s.silent.Store(true)
			s.kill()
			return
		}
		pingCtx, cancel := context.WithTimeout(ctx, every)
		_ = s.conn.Ping(pingCtx) // the pong counts, wherever it comes from
		cancel()
	}
}

// close says goodbye and lets go of the connection, within closeGrace. One
// goroutine must be reading meanwhile, until read fails.
func (s *socket) close() {
	timer := time.AfterFunc(closeGrace, s.kill)
	defer timer.Stop()
	_ = s.conn.Close(websocket.StatusNormalClosure, "")
}

// release frees what is left after read has failed.
func (s *socket) release() {
	s.kill()
	_ = s.conn.CloseNow()
}
