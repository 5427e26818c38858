package cdp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"

	"github.com/coder/websocket"
)

const (
	maxMessage   = 16 << 20
	maxPending   = 8192             // commands without an answer
	writeTimeout = 10 * time.Second // of one command
)

var (
	errTooLong = errors.New("the browser's answer is too long")
	errBusy    = errors.New("too many commands wait for the browser")
	errGone    = errors.New("the connection to the page has ended")
)

// message is an answer or an event of the browser.
type message struct {
	ID      int64           `json:"id"`
	Method  string          `json:"method"`
	Session string          `json:"sessionId"`
	Params  json.RawMessage `json:"params"`
	Result  json.RawMessage `json:"result"`
	Error   *answerError    `json:"error"`
	tooLong int64           // its bytes, if it was left out
}

// answerError is why a command failed.
type answerError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error implements error.
func (e *answerError) Error() string { return "the browser says: " + e.Message }

// command is what is sent.
type command struct {
	ID      int64  `json:"id"`
	Method  string `json:"method"`
	Session string `json:"sessionId,omitempty"`
	Params  any    `json:"params,omitempty"`
}

// answer takes the result of a command.
type answer func(result json.RawMessage, err error)

// question is a command whose answer is waited for.
type question struct {
	session string
	then    answer
}

// conn is a connection to a target. One goroutine owns it: it calls call and hands
// what arrives on in to answered.
type conn struct {
	ws      *websocket.Conn
	in      chan message // closed at the end of the connection
	out     chan []byte
	done    <-chan struct{} // of the context that ends it
	last    int64
	pending map[int64]question
}

func newConn(ws *websocket.Conn, done <-chan struct{}) *conn {
	ws.SetReadLimit(-1) // read has its own, which does not end the connection
	return &conn{ws: ws, in: make(chan message), out: make(chan []byte, 256), done: done, pending: map[int64]question{}}
}

// read hands on what arrives until the connection ends.
func (c *conn) read(ctx context.Context) error {
	defer close(c.in)
	for {
		m, err := readMessage(ctx, c.ws)
		if err != nil {
			return err
		}
		select {
		case c.in <- m:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// write sends what is queued until ctx is done.
func (c *conn) write(ctx context.Context) error {
	for {
		select {
		case data := <-c.out:
			if err := c.send(ctx, data); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *conn) send(ctx context.Context, data []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, data); err != nil {
		return fmt.Errorf("write to the browser: %w", err)
	}
	return nil
}

func readMessage(ctx context.Context, ws *websocket.Conn) (message, error) {
	_, r, err := ws.Reader(ctx)
	if err != nil {
		return message{}, fmt.Errorf("read from the browser: %w", err)
	}
	var b bytes.Buffer
	if _, err = b.ReadFrom(io.LimitReader(r, maxMessage+1)); err != nil {
		return message{}, fmt.Errorf("read from the browser: %w", err)
	}
	if b.Len() > maxMessage {
		rest, err := io.Copy(io.Discard, r)
		if err != nil {
			return message{}, fmt.Errorf("read from the browser: %w", err)
		}
		return parseHead(b.Bytes(), int64(b.Len())+rest), nil
	}
	return parseMessage(b.Bytes()), nil
}

// parseMessage reads a message; one that is none becomes an event without a name.
func parseMessage(data []byte) (m message) {
	if json.Unmarshal(data, &m) != nil {
		return message{}
	}
	return m
}

var (
	idOfHead     = regexp.MustCompile(`^\{"id":(\d{1,18}),`)
	methodOfHead = regexp.MustCompile(`^\{"method":"([A-Za-z.]{1,100})"`)
)

// parseHead reads whose answer a message is that is too long, or what event.
func parseHead(data []byte, size int64) (m message) {
	m.tooLong = size
	if found := idOfHead.FindSubmatch(data); found != nil {
		m.ID, _ = strconv.ParseInt(string(found[1]), 10, 64)
	} else if found := methodOfHead.FindSubmatch(data); found != nil {
		m.Method = string(found[1])
	}
	return m
}

// call sends a command to a session; "" is that of the target itself. The answer,
// which may be nil, is always called once, from the goroutine that owns the
// connection and not before call has returned, unless it fails at once.
func (c *conn) call(session, method string, params any, then answer) {
	if then == nil {
		then = func(json.RawMessage, error) {}
	}
	if len(c.pending) >= maxPending {
		then(nil, errBusy)
		return
	}
	c.last++
	data, err := json.Marshal(command{ID: c.last, Method: method, Session: session, Params: params})
	if err != nil {
		then(nil, fmt.Errorf("encode %s: %w", method, err))
		return
	}
	select {
	case c.out <- data:
		c.pending[c.last] = question{session, then}
	case <-c.done:
		then(nil, errGone)
	}
}

// answered calls the answer that a message is for, and reports whether it is for
// one.
func (c *conn) answered(m message) bool {
	if m.ID == 0 {
		return false
	}
	q, ok := c.pending[m.ID]
	delete(c.pending, m.ID)
	switch {
	case !ok:
	case m.tooLong > 0:
		q.then(nil, errTooLong)
	case m.Error != nil:
		q.then(nil, m.Error)
	default:
		q.then(m.Result, nil)
	}
	return true
}

// abandon fails the commands that wait for an answer of sessions that have ended.
func (c *conn) abandon(of func(session string) bool) {
	for id, q := range c.pending {
		if of(q.session) {
			delete(c.pending, id)
			q.then(nil, errGone)
		}
	}
}
