package device

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// Message is one message that the server has sent.
type Message struct {
	Binary bool
	Data   []byte
	At     time.Time // when it was read
}

// Map returns a JSON message as a map, and nil if it is none.
func (m Message) Map() map[string]any {
	var object map[string]any
	if m.Binary || json.Unmarshal(m.Data, &object) != nil {
		return nil
	}
	return object
}

// Type returns the member type of a JSON message, and "" if there is none.
func (m Message) Type() string {
	var head struct{ Type string }
	if m.Binary || json.Unmarshal(m.Data, &head) != nil {
		return ""
	}
	return head.Type
}

// Socket is an open WebSocket. Unless it was opened as Manual it reads all the
// time, as a good client does, and keeps what it has read.
type Socket struct {
	// Response is the answer to the handshake.
	Response *http.Response

	t        testing.TB
	path     string
	conn     *websocket.Conn
	validate *validator
	cancel   context.CancelFunc
	reading  sync.WaitGroup

	mu       sync.Mutex
	messages []Message
	err      error
	more     chan struct{} // has a token when there is something new
}

// DialOptions say how a socket is opened.
type DialOptions struct {
	// Header is sent with the handshake.
	Header http.Header
	// Manual sockets read only in Read, so that a test can be a slow reader.
	// They answer pings only while they read.
	Manual bool
	// ReceiveBuffer, if positive, is asked of the kernel for the connection.
	ReceiveBuffer int
	// Compress offers permessage-deflate.
	Compress bool
}

// TryDial opens the socket of a path. The response is there, without its body,
// also when the handshake was refused.
func (d *Device) TryDial(path string, opts DialOptions) (*Socket, *http.Response, error) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), Patience)
	defer cancel()
	transport := &http.Transport{DialContext: d.dialer(opts.ReceiveBuffer), DisableKeepAlives: true}
	options := &websocket.DialOptions{HTTPHeader: opts.Header, HTTPClient: &http.Client{Transport: transport}}
	if host := opts.Header.Get("Host"); host != "" {
		options.Host = host
	}
	if opts.Compress {
		options.CompressionMode = websocket.CompressionContextTakeover
	}
	conn, response, err := websocket.Dial(ctx, d.URL+path, options)
	if err != nil {
		return nil, response, err
	}
	conn.SetReadLimit(-1)
	s := &Socket{
		Response: response, t: d.t, path: path, conn: conn, validate: d.validate, more: make(chan struct{}, 1),
	}
	reading, stop := context.WithCancel(context.Background())
	s.cancel = stop
	d.t.Cleanup(s.Drop)
	if !opts.Manual {
		s.reading.Go(func() { s.readAll(reading) })
	}
	return s, response, nil
}

// dialer returns what connects to the server, with a receive buffer of that size
// if it is positive, so that the server sees soon that nobody reads.
func (d *Device) dialer(receiveBuffer int) dialContext {
	dialer := &net.Dialer{}
	if receiveBuffer > 0 {
		dialer.Control = func(_, _ string, c syscall.RawConn) error {
			var failed error
			err := c.Control(func(fd uintptr) {
				failed = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBuffer)
			})
			return errors.Join(err, failed)
		}
	}
	if d.inside {
		return dialInside(d.Pid(), dialer.DialContext)
	}
	return dialer.DialContext
}

// DialContext connects to an address as it is seen from where the server is.
func (d *Device) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return d.dialer(0)(ctx, network, addr)
}

// Dial opens the socket of a path, such as /v1/ws/telemetry?interval_ms=250. It
// is closed at the end of the test.
func (d *Device) Dial(path string) *Socket {
	d.t.Helper()
	return d.DialWith(path, DialOptions{})
}

// DialWith is Dial with options.
func (d *Device) DialWith(path string, opts DialOptions) *Socket {
	d.t.Helper()
	s, _, err := d.TryDial(path, opts)
	if err != nil {
		d.t.Fatalf("open %s: %v", path, err)
	}
	return s
}

func (s *Socket) readAll(ctx context.Context) {
	for {
		m, err := s.Read(ctx)
		s.mu.Lock()
		if err != nil {
			s.err = err
		} else {
			s.messages = append(s.messages, m)
		}
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// Read reads one message and validates it. It is for Manual sockets; when ctx
// ends first the connection is lost.
func (s *Socket) Read(ctx context.Context) (Message, error) {
	kind, data, err := s.conn.Read(ctx)
	if err != nil {
		return Message{}, err
	}
	m := Message{Binary: kind == websocket.MessageBinary, Data: data, At: time.Now()}
	if m.Binary && !strings.Contains(s.path, "/frames") && s.path != Multiplexed {
		s.t.Errorf("%s: a binary message of %d bytes: only frames has them", s.path, len(data))
	}
	if !m.Binary {
		if err := s.validate.check(s.path, data); err != nil {
			s.t.Errorf("%s: the message %.2000s is not as the document says: %v", s.path, data, err)
		}
	}
	return m, nil
}

// take returns the oldest message that has not been taken.
func (s *Socket) take() (Message, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.messages) == 0 {
		return Message{}, false, s.err
	}
	m := s.messages[0]
	s.messages = s.messages[1:]
	return m, true, nil
}

// TryNext waits for the next message, at most for limit. The error is that of
// the connection if it has ended, or ErrQuiet.
func (s *Socket) TryNext(limit time.Duration) (Message, error) {
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	for {
		m, ok, err := s.take()
		if ok || err != nil {
			return m, err
		}
		select {
		case <-s.more:
		case <-timeout.C:
			return Message{}, ErrQuiet
		}
	}
}

// ErrQuiet means that no message came in time.
var ErrQuiet = errors.New("no message came")

// Next returns the next message, and fails the test if none comes.
func (s *Socket) Next() Message {
	s.t.Helper()
	m, err := s.TryNext(Patience)
	if err != nil {
		s.t.Fatalf("%s: waiting for a message: %v", s.path, err)
	}
	return m
}

// Expect returns the next message, which must be of the type.
func (s *Socket) Expect(kind string) Message {
	s.t.Helper()
	m := s.Next()
	if m.Type() != kind {
		s.t.Fatalf("%s: want a message of type %q, got %.2000s", s.path, kind, m.Data)
	}
	return m
}

// Find skips messages until one fulfils want, and returns it.
func (s *Socket) Find(what string, want func(Message) bool) Message {
	s.t.Helper()
	end := time.Now().Add(Patience)
	for {
		m, err := s.TryNext(time.Until(end))
		if err != nil {
			s.t.Fatalf("%s: waiting for %s: %v", s.path, what, err)
		}
		if want(m) {
			return m
		}
	}
}

// Pending returns what has come and was not taken, and takes it.
func (s *Socket) Pending() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.messages
	s.messages = nil
	return taken
}

// Send sends a text message.
func (s *Socket) Send(text string) {
	s.t.Helper()
	s.write(websocket.MessageText, []byte(text))
}

// SendJSON sends v as a text message.
func (s *Socket) SendJSON(v any) {
	s.t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(websocket.MessageText, data)
}

// SendBinary sends a binary message.
func (s *Socket) SendBinary(data []byte) {
	s.t.Helper()
	s.write(websocket.MessageBinary, data)
}

func (s *Socket) write(kind websocket.MessageType, data []byte) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := s.conn.Write(ctx, kind, data); err != nil {
		s.t.Fatalf("%s: send: %v", s.path, err)
	}
}

// Ping sends a ping and waits for its pong. By then the server has read what was
// sent before.
func (s *Socket) Ping() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := s.conn.Ping(ctx); err != nil {
		s.t.Fatalf("%s: ping: %v", s.path, err)
	}
}

// WaitClose skips the remaining messages and returns the code and the reason of
// the server's close frame. It fails the test if the connection ends without
// one.
func (s *Socket) WaitClose() (code int, reason string) {
	s.t.Helper()
	end := time.Now().Add(Patience)
	for {
		_, err := s.TryNext(time.Until(end))
		var closed websocket.CloseError
		switch {
		case err == nil:
		case errors.As(err, &closed):
			return int(closed.Code), closed.Reason
		default:
			s.t.Fatalf("%s: waiting for the close frame: %v", s.path, err)
		}
	}
}

// Close closes the connection in the orderly way, with code 1000, and returns
// after the server has answered.
func (s *Socket) Close() error {
	err := s.conn.Close(websocket.StatusNormalClosure, "")
	s.Drop()
	return err
}

// Drop ends the connection without a word.
func (s *Socket) Drop() {
	s.cancel()
	_ = s.conn.CloseNow() // it may have ended before
	s.reading.Wait()
}
