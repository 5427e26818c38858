package wsconn

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsflate"
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
	case len(r.Header.Get("Sec-WebSocket-Key")) != 24:
		return http.StatusBadRequest, "Sec-WebSocket-Key is missing or malformed"
	}
	return 0, ""
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

// hijackOnly gives the handshake the one thing it wants of a response writer,
// through whatever wraps it.
type hijackOnly struct{ http.ResponseWriter }

func (w hijackOnly) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

// Upgrade answers the handshake and returns the connection, which the caller
// hands to Hub.Go. permessage-deflate is agreed upon if the client offers it.
// The request should have passed CheckUpgrade; if the handshake fails all the
// same, the answer has been written. Beyond MaxConns the connection is accepted
// and closed with 1013 right away, and a *CloseError is returned.
func (h *Hub) Upgrade(w http.ResponseWriter, r *http.Request) (*Conn, error) {
	w.Header().Del("Content-Type")
	flate := wsflate.Extension{Parameters: wsflate.Parameters{
		ServerNoContextTakeover: true,
		ClientNoContextTakeover: true,
	}}
	upgrader := ws.HTTPUpgrader{Negotiate: flate.Negotiate, Header: w.Header()}
	nc, rw, _, err := upgrader.Upgrade(r, hijackOnly{w})
	if err != nil {
		return nil, fmt.Errorf("upgrade to a WebSocket: %w", err)
	}
	var early []byte
	if n := rw.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		_, _ = rw.Reader.Read(early) // reads what is buffered, in one go
	}
	_, deflate := flate.Accepted()
	return h.adopt(nc, deflate, early)
}

// adopt takes over a transport after the handshake.
func (h *Hub) adopt(nc net.Conn, deflate bool, early []byte) (*Conn, error) {
	c := newConn(h, nc, deflate, early)
	if err := h.add(c); err != nil {
		frame := closeFrame(CodeTryLater, err.Error())
		_, _ = nc.Write(frame)
		_ = nc.Close()
		return nil, err
	}
	return c, nil
}
