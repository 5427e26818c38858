package fakehelios

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

// A Conn is the server's end of one WebSocket.
type Conn struct {
	WS      *websocket.Conn
	Request *http.Request
	// Ctx ends when the server does.
	Ctx context.Context
}

// Query gives a query parameter.
func (c *Conn) Query(name string) string { return c.Request.URL.Query().Get(name) }

// Send sends JSON texts, each as one message, and tells whether that worked.
func (c *Conn) Send(texts ...string) bool {
	for _, text := range texts {
		if c.WS.Write(c.Ctx, websocket.MessageText, []byte(text)) != nil {
			return false
		}
	}
	return true
}

// SendBinary sends one binary message.
func (c *Conn) SendBinary(data []byte) bool {
	return c.WS.Write(c.Ctx, websocket.MessageBinary, data) == nil
}

// Receive waits for a message of the client; ok is false when it has gone.
func (c *Conn) Receive() (binary bool, data []byte, ok bool) {
	kind, data, err := c.WS.Read(c.Ctx)
	return kind == websocket.MessageBinary, data, err == nil
}

// Wait blocks until the client has gone.
func (c *Conn) Wait() {
	for {
		if _, _, ok := c.Receive(); !ok {
			return
		}
	}
}

// Close ends the socket with a code of the test's choice.
func (c *Conn) Close(code int, reason string) { _ = c.WS.Close(websocket.StatusCode(code), reason) }
