package capture

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"

	"github.com/elazarl/goproxy"
)

// serveUpgrade sends a request on that asks for another protocol, such as WebSocket,
// and then copies what is spoken in it. It is one exchange, which ends when either
// side does; its sizes are those of what was spoken.
func (p *Proxy) serveUpgrade(w http.ResponseWriter, r *http.Request) {
	asked := upgrade(r.Header)
	s := &streaming{ResponseWriter: w, left: -1, buffers: &p.buffers}
	r = p.watched(r, s)
	x := s.exchange
	if x != nil {
		x.begin(r)
	}
	goproxy.RemoveProxyHeaders(&goproxy.ProxyCtx{Req: r, Proxy: p.forward}, r)
	r.Header.Set("Connection", "Upgrade")
	resp, err := p.transport.RoundTrip(r)
	if err != nil {
		if x != nil {
			x.failed(err)
		}
		http.Error(w, "heliograph: "+err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	server, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok || upgrade(resp.Header) != asked {
		p.declined(s, r, resp)
		return
	}
	sent, received, err := p.speak(w, resp, server)
	if x != nil {
		x.sent = &tap{total: sent, ended: true}
		x.finished(resp, &tap{total: received, ended: true}, err)
	}
}

// declined passes an ordinary response on.
func (p *Proxy) declined(s *streaming, r *http.Request, resp *http.Response) {
	x, limit := s.exchange, 0
	if x != nil {
		limit = x.limit
	}
	got := newTap(resp.Body, resp.ContentLength, limit, nil)
	maps.Copy(s.Header(), resp.Header)
	s.ResponseWriter.WriteHeader(resp.StatusCode)
	_, err := io.Copy(s, got)
	if x != nil {
		x.finished(resp, got, ending(r.Context(), got, err))
	}
}

// speak takes the client's connection over and copies in both directions.
func (p *Proxy) speak(w http.ResponseWriter, resp *http.Response, server io.ReadWriteCloser) (sent, received int64, err error) {
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return 0, 0, fmt.Errorf("take the connection over: %w", err)
	}
	defer client.Close()
	defer p.own(client)()
	if err := writeHead(client, resp); err != nil {
		return 0, 0, fmt.Errorf("answer the client: %w", err)
	}
	sent, received = relay(server, client, buffered.Reader)
	return sent, received, nil
}

func writeHead(client net.Conn, resp *http.Response) error {
	head := fmt.Appendf(nil, "HTTP/1.1 %s\r\n", resp.Status)
	if _, err := client.Write(head); err != nil {
		return err
	}
	if err := resp.Header.Write(client); err != nil {
		return err
	}
	_, err := io.WriteString(client, "\r\n")
	return err
}
