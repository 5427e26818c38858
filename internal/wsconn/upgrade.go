package wsconn

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/httphead"
	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
)

const (
	// handshakeTime bounds the writing of the handshake's answer.
	handshakeTime = 10 * time.Second
	// refuseWait bounds how long a refused peer may take to read why.
	refuseWait = time.Second
)

// CheckUpgrade tells whether a request asks for a WebSocket. It returns 0 if it
// does, and otherwise the HTTP status that the request deserves and why: 400 if
// it is no upgrade at all or a malformed one, 426 if it asks for another
// protocol or version.
func CheckUpgrade(r *http.Request) (status int, problem string) {
	switch {
	case r.Header.Get("Upgrade") == "":
		return http.StatusBadRequest, "this address speaks WebSocket: the request has no Upgrade header"
	case !hasToken(r.Header, "Upgrade", "websocket"):
		return http.StatusUpgradeRequired, "this address speaks WebSocket: the request asks for another protocol"
	case !hasToken(r.Header, "Connection", "upgrade"):
		return http.StatusBadRequest, "the Connection header does not name Upgrade"
	case r.Method != http.MethodGet:
		return http.StatusBadRequest, "a WebSocket handshake is a GET request"
	case !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1:
		return http.StatusUpgradeRequired, "a WebSocket handshake needs HTTP/1.1"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, "Sec-WebSocket-Version must be 13"
	case !validKey(r.Header.Get("Sec-WebSocket-Key")):
		return http.StatusBadRequest, "Sec-WebSocket-Key is missing or malformed"
	}
	return 0, ""
}

// validKey reports whether key is 16 bytes in base64 (RFC 6455, section 4.1).
func validKey(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(key)
	return err == nil && len(nonce) == 16 && len(key) == 24
}

func hasToken(h http.Header, key, token string) bool {
	for _, value := range h.Values(key) {
		for part := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// Upgrade answers the handshake and returns the connection, which the caller
// hands to Hub.Go. Headers that were set on w become part of the answer. No
// subprotocol is selected; permessage-deflate is agreed upon if the client
// offers it in a form that this server can speak, and otherwise left out.
//
// The request should have passed CheckUpgrade; if the handshake fails all the
// same, the answer has been written. Beyond MaxConns the connection is accepted
// and closed with 1013, after Shutdown with 1001; a *CloseError is then returned,
// after a second at the most.
func (h *Hub) Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	w.Header().Del("Content-Type")
	flate := wsflate.Extension{Parameters: wsflate.Parameters{
		ServerNoContextTakeover: true,
		ClientNoContextTakeover: true,
	}}
	upgrader := ws.HTTPUpgrader{
		Timeout: handshakeTime,
		Header:  w.Header(),
		Negotiate: func(offer httphead.Option) (httphead.Option, error) {
			accept, err := flate.Negotiate(offer)
			if err != nil {
				// RFC 7692, section 7.1: such an offer is declined, which does
				// not make the handshake fail.
				return httphead.Option{}, nil
			}
			return accept, nil
		},
	}
	nc, rw, _, err := upgrader.Upgrade(plainRequest(r), w)
	if err != nil {
		if nc != nil {
			_ = nc.Close()
		}
		return nil, fmt.Errorf("upgrade to a WebSocket: %w", err)
	}
	_, deflate := flate.Accepted()
	var still func() bool
	if h.opts.Entitled != nil {
		still = h.opts.Entitled(r)
	}
	return h.adopt(nc, deflate, buffered(rw.Reader), still)
}

// plainRequest returns the request with the headers of the handshake in their
// simplest form: CheckUpgrade knows lists and repeated headers, the library does
// not.
func plainRequest(r *http.Request) *http.Request {
	plain := *r
	plain.Header = http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}
	for _, key := range []string{"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions"} {
		if values := r.Header.Values(key); len(values) > 0 {
			plain.Header[key] = values
		}
	}
	return &plain
}

// buffered returns a copy of what came with the handshake.
func buffered(r *bufio.Reader) []byte {
	n := r.Buffered()
	if n == 0 {
		return nil
	}
	peeked, _ := r.Peek(n) // does not fail for what is buffered
	return append([]byte(nil), peeked...)
}

// adopt takes over a transport after the handshake. still may be nil.
func (h *Hub) adopt(nc net.Conn, deflate bool, early []byte, still func() bool) (*Conn, error) {
	c := newConn(h, nc, deflate, early)
	c.still = still
	if err := h.add(c); err != nil {
		c.refuse(err)
		return nil, err
	}
	return c, nil
}

// refuse closes a connection that the hub does not take.
func (c *Conn) refuse(err error) {
	defer c.abort(err)
	var why *CloseError
	if !errors.As(err, &why) {
		return
	}
	_ = c.nc.SetWriteDeadline(time.Now().Add(refuseWait))
	if _, err := c.nc.Write(closeFrame(why.Code, why.Reason)); err == nil {
		c.discard(refuseWait)
	}
}
