package capture

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// exchange is one exchange that is being captured.
type exchange struct {
	network *recorder.Network
	limit   int
	request *http.Request
	header  http.Header // as the client sent it
	sent    *tap        // nil: no body
	phases  phases
	once    sync.Once
}

func newExchange(network *recorder.Network) *exchange {
	return &exchange{network: network, limit: network.BodyLimit(), phases: phases{start: time.Now()}}
}

// begin captures a request that is to be sent, whose body is replaced.
func (x *exchange) begin(r *http.Request) {
	x.request, x.header = r, maps.Clone(r.Header) // may still be sent when the response is over
	if r.Body != nil && r.Body != http.NoBody {
		x.sent = newTap(r.Body, r.ContentLength, x.limit, nil)
		r.Body = x.sent
	}
}

// failed records an exchange without a response.
func (x *exchange) failed(err error) {
	x.once.Do(func() {
		e := x.describe()
		e.Error = err.Error()
		x.network.Record(e)
	})
}

// watch returns the body of a response, which records the exchange when it is over.
func (x *exchange) watch(resp *http.Response, body *broken) *tap {
	var got *tap
	got = newTap(body, resp.ContentLength, x.limit, func() {
		x.finished(resp, got, ending(x.request.Context(), got, body.err))
	})
	got.ended = x.request.Method == http.MethodHead || resp.ContentLength == 0
	return got
}

// finished records the exchange when its response is over. The response's header is
// no longer the caller's.
func (x *exchange) finished(resp *http.Response, got *tap, problem error) {
	x.once.Do(func() {
		e := x.describe()
		e.Status, e.StatusText, e.Protocol = resp.StatusCode, reason(resp), resp.Proto
		e.ResponseHeader, e.ResponseType = resp.Header, mediaType(resp.Header)
		kept, total, ended := got.view()
		e.ResponseSize = total
		e.ResponseBody.Data, ended = decoded(resp.Header.Get("Content-Encoding"), kept, ended && int64(len(kept)) == total, x.limit)
		e.ResponseBody.Truncated = !ended && total > 0
		if problem != nil {
			e.Error = problem.Error()
		}
		x.network.Record(e)
	})
}

// describe returns what is known of the request.
func (x *exchange) describe() recorder.Exchange {
	var e recorder.Exchange
	e.Start, e.Duration = x.phases.start, time.Since(x.phases.start)
	u := x.request.URL
	e.Method, e.URL, e.Host, e.Path = x.request.Method, u.String(), u.Hostname(), u.EscapedPath()
	e.RequestHeader, e.RequestType = x.header, mediaType(x.header)
	kept, total, ended := x.sent.view()
	e.RequestSize = total
	e.RequestBody.Data, ended = decoded(x.header.Get("Content-Encoding"), kept, ended && int64(len(kept)) == total, x.limit)
	e.RequestBody.Truncated = !ended && total > 0
	e.Timings = x.phases.timings()
	return e
}

// mediaType returns the type of a body without parameters.
func mediaType(h http.Header) string {
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// reason returns the reason phrase of a response; HTTP/2 has none.
func reason(resp *http.Response) string {
	if _, text, ok := strings.Cut(resp.Status, " "); ok && text != "" {
		return text
	}
	return http.StatusText(resp.StatusCode)
}

// errCut is the problem of a response that the client did not read to its end, or
// that broke off.
var errCut = errors.New("the response was not read to its end")

// ending tells what is wrong with a response that is over.
func ending(ctx context.Context, got *tap, broken error) error {
	_, _, ended := got.view()
	switch {
	case broken != nil:
		return fmt.Errorf("the response broke off: %w", broken)
	case ended:
		return nil
	case ctx.Err() != nil:
		return errors.New("the client went away before the response had ended")
	}
	return errCut
}

// phases notes when the phases of an exchange begin and end. Redirects are exchanges
// of their own, so each happens once, except for connections that are tried in turn.
type phases struct {
	start time.Time

	dns, dnsDone, dial, dialDone, tls, tlsDone moment
	connected, requestSent, gotByte            moment
}

// moment is nanoseconds since the start, and one more; 0 means never.
type moment = atomic.Int64

func (p *phases) mark(m *moment) { m.Store(int64(time.Since(p.start)) + 1) }

// trace notes the phases that each request has, and those of TLS.
func (p *phases) trace(secure bool) *httptrace.ClientTrace {
	t := &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { p.mark(&p.connected) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { p.mark(&p.requestSent) },
		GotFirstResponseByte: func() { p.mark(&p.gotByte) },
	}
	if secure {
		t.TLSHandshakeStart = func() { p.mark(&p.tls) }
		t.TLSHandshakeDone = func(tls.ConnectionState, error) { p.mark(&p.tlsDone) }
	}
	return t
}

// traceDial notes the phases of a new connection. They are not in trace, since to
// watch for them costs as much as all the rest, and most requests need none.
func (p *phases) traceDial() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { p.mark(&p.dns) },
		DNSDone:      func(httptrace.DNSDoneInfo) { p.mark(&p.dnsDone) },
		ConnectStart: func(string, string) { p.mark(&p.dial) },
		ConnectDone:  func(string, string, error) { p.mark(&p.dialDone) },
	}
}

func (p *phases) timings() recorder.Timings {
	span := func(from, to *moment) time.Duration {
		a, b := from.Load(), to.Load()
		if a == 0 || b < a {
			return -1
		}
		return time.Duration(b - a)
	}
	var now moment
	p.mark(&now)
	return recorder.Timings{
		DNS: span(&p.dns, &p.dnsDone), Connect: span(&p.dial, &p.dialDone), TLS: span(&p.tls, &p.tlsDone),
		Send: span(&p.connected, &p.requestSent), Wait: span(&p.requestSent, &p.gotByte), Receive: span(&p.gotByte, &now),
	}
}

// upgrade returns the protocol that a message asks to change to, or "".
func upgrade(h http.Header) string {
	if len(h["Upgrade"]) == 0 {
		return ""
	}
	tokens := strings.Split(strings.ToLower(strings.Join(h.Values("Connection"), ",")), ",")
	if !slices.ContainsFunc(tokens, func(t string) bool { return strings.TrimSpace(t) == "upgrade" }) {
		return ""
	}
	return strings.ToLower(h.Get("Upgrade"))
}
