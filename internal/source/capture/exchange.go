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
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// exchange is one exchange that is being captured.
type exchange struct {
	network *recorder.Network
	limit   int
	start   time.Time
	request *http.Request
	header  http.Header // as the client sent it
	sent    *tap        // nil: no body
	phases  phases
	once    sync.Once
}

// begin captures a request. The request that is to be sent is returned.
func begin(network *recorder.Network, r *http.Request) (*exchange, *http.Request) {
	x := &exchange{network: network, limit: network.BodyLimit(), start: time.Now(), request: r, header: maps.Clone(r.Header)}
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), x.phases.trace()))
	if r.Body != nil && r.Body != http.NoBody {
		x.sent = newTap(r.Body, r.ContentLength, x.limit, nil)
		r.Body = x.sent
	}
	return x, r
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

// finished records the exchange when its response is over.
func (x *exchange) finished(resp *http.Response, got *tap, problem error) {
	x.once.Do(func() {
		e := x.describe()
		e.Status, e.StatusText, e.Protocol = resp.StatusCode, reason(resp), resp.Proto
		e.ResponseHeader, e.ResponseType = maps.Clone(resp.Header), mediaType(resp.Header)
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
	e.Start, e.Duration = x.start, time.Since(x.start)
	e.Method, e.URL = x.request.Method, x.request.URL.String()
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
	mu sync.Mutex

	dns, dnsDone, dial, dialDone, tls, tlsDone time.Time
	connected, requestSent, gotByte            time.Time
}

func (p *phases) trace() *httptrace.ClientTrace {
	mark := func(t *time.Time) {
		p.mu.Lock()
		defer p.mu.Unlock()
		*t = time.Now()
	}
	return &httptrace.ClientTrace{
		GotConn:              func(httptrace.GotConnInfo) { mark(&p.connected) },
		DNSStart:             func(httptrace.DNSStartInfo) { mark(&p.dns) },
		DNSDone:              func(httptrace.DNSDoneInfo) { mark(&p.dnsDone) },
		ConnectStart:         func(string, string) { mark(&p.dial) },
		ConnectDone:          func(string, string, error) { mark(&p.dialDone) },
		TLSHandshakeStart:    func() { mark(&p.tls) },
		TLSHandshakeDone:     func(tls.ConnectionState, error) { mark(&p.tlsDone) },
		WroteRequest:         func(httptrace.WroteRequestInfo) { mark(&p.requestSent) },
		GotFirstResponseByte: func() { mark(&p.gotByte) },
	}
}

func (p *phases) timings() recorder.Timings {
	p.mu.Lock()
	defer p.mu.Unlock()
	span := func(from, to time.Time) time.Duration {
		if from.IsZero() || to.Before(from) {
			return -1
		}
		return to.Sub(from)
	}
	t := recorder.Timings{
		DNS: span(p.dns, p.dnsDone), Connect: span(p.dial, p.dialDone), TLS: span(p.tls, p.tlsDone),
		Send: span(p.connected, p.requestSent), Wait: span(p.requestSent, p.gotByte), Receive: -1,
	}
	if !p.gotByte.IsZero() {
		t.Receive = time.Since(p.gotByte)
	}
	return t
}

// upgrade returns the protocol that a message asks to change to, or "".
func upgrade(h http.Header) string {
	tokens := strings.Split(strings.ToLower(strings.Join(h.Values("Connection"), ",")), ",")
	if !slices.ContainsFunc(tokens, func(t string) bool { return strings.TrimSpace(t) == "upgrade" }) {
		return ""
	}
	return strings.ToLower(h.Get("Upgrade"))
}
