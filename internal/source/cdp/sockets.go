package cdp

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/chromedp/cdproto/network"
)

// frame is an event of a WebSocket's message. Only its size is of interest.
type frame struct {
	RequestID network.RequestID `json:"requestId"`
	Response  struct {
		Opcode float64 `json:"opcode"`
		Data   string  `json:"payloadData"`
	} `json:"response"`
}

// size returns the bytes of the message: text is given as it is, the rest in base64.
func (f *frame) size() int64 {
	if f.Response.Opcode == 1 {
		return int64(len(f.Response.Data))
	}
	data, err := base64.StdEncoding.DecodeString(f.Response.Data)
	if err != nil {
		return int64(len(f.Response.Data))
	}
	return int64(len(data))
}

// socketCreated takes a new WebSocket, which is one exchange until it is closed.
func (n *exchanges) socketCreated(_ string, e *network.EventWebSocketCreated) {
	if !n.page.rec.Network.Wants() || n.sockets[string(e.RequestID)] != nil {
		return
	}
	if len(n.sockets) >= maxOpen {
		n.leftOut++
		return
	}
	h := &hop{chain: &chain{}}
	h.x.Start, h.x.Method, h.x.URL = time.Now(), http.MethodGet, e.URL
	n.sockets[string(e.RequestID)] = h
}

func (n *exchanges) socketRequest(_ string, e *network.EventWebSocketWillSendHandshakeRequest) {
	h := n.sockets[string(e.RequestID)]
	if h == nil {
		return
	}
	h.begin = float64(e.Timestamp)
	h.x.Start = time.UnixMicro(int64(float64(e.WallTime) * 1e6))
	if e.Request != nil {
		h.x.RequestHeader = headers(e.Request.Headers)
	}
}

func (n *exchanges) socketResponse(_ string, e *network.EventWebSocketHandshakeResponseReceived) {
	h := n.sockets[string(e.RequestID)]
	if h == nil || e.Response == nil {
		return
	}
	r := e.Response
	h.x.Status, h.x.StatusText, h.x.Protocol = int(r.Status), r.StatusText, "HTTP/1.1"
	h.x.ResponseHeader = headers(r.Headers)
	if len(r.RequestHeaders) > 0 { // as they were sent
		h.x.RequestHeader = headers(r.RequestHeaders)
	}
}

func (n *exchanges) socketSent(_ string, e *frame) {
	if h := n.sockets[string(e.RequestID)]; h != nil {
		h.x.RequestSize += e.size()
	}
}

func (n *exchanges) socketReceived(_ string, e *frame) {
	if h := n.sockets[string(e.RequestID)]; h != nil {
		h.x.ResponseSize += e.size()
	}
}

func (n *exchanges) socketError(_ string, e *network.EventWebSocketFrameError) {
	if h := n.sockets[string(e.RequestID)]; h != nil {
		h.x.Error = e.ErrorMessage
	}
}

func (n *exchanges) socketClosed(_ string, e *network.EventWebSocketClosed) {
	h := n.sockets[string(e.RequestID)]
	if h == nil {
		return
	}
	delete(n.sockets, string(e.RequestID))
	if h.begin > 0 {
		h.x.Duration = seconds(float64(e.Timestamp) - h.begin)
	}
	if h.x.Status == 0 && h.x.Error == "" {
		h.x.Error = "closed before it was open"
	}
	n.page.rec.Network.Record(h.x)
}
