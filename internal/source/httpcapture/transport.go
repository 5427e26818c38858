package httpcapture

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Transport is an http.RoundTripper that records what goes through it. It is safe
// for concurrent use if Next is.
type Transport struct {
	Next    http.RoundTripper
	Network *recorder.Network
}

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !t.Network.Wants() || r.URL == nil {
		return t.Next.RoundTrip(r)
	}
	x, r := begin(t.Network, r)
	resp, err := t.Next.RoundTrip(r)
	if err != nil || resp == nil {
		x.failed(err)
		return resp, err
	}
	x.watch(resp)
	return resp, nil
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *Transport) CloseIdleConnections() {
	if next, ok := t.Next.(interface{ CloseIdleConnections() }); ok {
		next.CloseIdleConnections()
	}
}

// exchange is an exchange that is being recorded.
type exchange struct {
	network *recorder.Network
	limit   int
	ctx     context.Context
	once    sync.Once
	phases  phases

	recorder.Summary                        // of the request
	header           http.Header            // of the request
	sent             atomic.Pointer[sample] // nil: no body
}

// sample makes body one that is sampled. It may be the second one of a request, of
// which the transport sends the first one no more.
func (x *exchange) sample(body io.ReadCloser) io.ReadCloser {
	s := &sample{limit: x.limit}
	x.sent.Store(s)
	return &tap{ReadCloser: body, sample: s}
}

// begin takes note of a request, and returns the one that is to be sent instead. The
// given one is not changed.
func begin(network *recorder.Network, r *http.Request) (*exchange, *http.Request) {
	x := &exchange{network: network, limit: network.BodyLimit(), ctx: r.Context(), header: r.Header.Clone()}
	x.Start, x.Method, x.URL = time.Now(), method(r), r.URL.String()
	x.RequestType = mediaType(x.header)
	if host := r.Host; host != "" && x.header.Get("Host") == "" && host != r.URL.Host {
		if x.header == nil {
			x.header = http.Header{}
		}
		x.header.Set("Host", host) // the request says another name than its URL
	}
	out := r.WithContext(httptrace.WithClientTrace(r.Context(), x.phases.trace()))
	if r.Body != nil && r.Body != http.NoBody {
		out.Body = x.sample(r.Body)
		if again := r.GetBody; again != nil {
			// The transport sends the request once more, on another connection.
			out.GetBody = func() (io.ReadCloser, error) {
				body, err := again()
				if err != nil {
					return nil, err
				}
				return x.sample(body), nil
			}
		}
	}
	return x, out
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return strings.ToUpper(r.Method)
}

// failed records an exchange without a response.
func (x *exchange) failed(err error) {
	if err == nil {
		err = errors.New("the transport gave neither a response nor an error")
	}
	x.once.Do(func() {
		e := x.describe()
		e.Error = err.Error()
		x.network.Record(e)
	})
}

// watch makes the body of a response record the exchange when it is over.
func (x *exchange) watch(resp *http.Response) {
	// The program may change the response when it has it.
	head := recorder.Exchange{}
	head.Status, head.StatusText, head.Protocol = resp.StatusCode, reason(resp.Status, resp.StatusCode), resp.Proto
	headers := resp.Header.Clone()
	got := &sample{limit: x.limit}
	over := func() { x.once.Do(func() { x.finished(head, headers, got) }) }
	if resp.Body == nil || resp.Body == http.NoBody || x.Method == http.MethodHead {
		got.end(nil)
		over()
		return
	}
	t := &tap{ReadCloser: resp.Body, sample: got, over: over}
	if w, ok := resp.Body.(io.Writer); ok {
		got.limit = 0 // it is no body of HTTP
		spoken := &sample{}
		x.sent.Store(spoken)
		resp.Body = duplex{t, w, spoken}
		return
	}
	resp.Body = t
}

// finished records the exchange when its response is over.
func (x *exchange) finished(head recorder.Exchange, headers http.Header, got *sample) {
	e := x.describe()
	e.Status, e.StatusText, e.Protocol = head.Status, head.StatusText, head.Protocol
	e.ResponseHeader, e.ResponseType = headers, mediaType(headers)
	s := got.view()
	e.ResponseSize, e.ResponseBody = s.total, body(headers, s, x.limit)
	switch {
	case s.err != nil:
		e.Error = "the response broke off: " + s.err.Error()
	case !s.ended && x.ctx.Err() != nil:
		e.Error = "the response was given up: " + context.Cause(x.ctx).Error()
	}
	x.network.Record(e)
}

// describe returns what is known of the request now.
func (x *exchange) describe() recorder.Exchange {
	e := recorder.Exchange{Summary: x.Summary}
	e.Duration = time.Since(x.Start)
	e.RequestHeader = x.header
	s := x.sent.Load().view()
	e.RequestSize, e.RequestBody = s.total, body(x.header, s, x.limit)
	e.Timings = x.phases.timings()
	return e
}

// reason returns the reason phrase of a status; HTTP/2 has none.
func reason(status string, code int) string {
	if _, text, ok := strings.Cut(status, " "); ok && text != "" {
		return text
	}
	return http.StatusText(code)
}
