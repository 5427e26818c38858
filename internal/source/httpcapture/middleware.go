package httpcapture

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Middleware returns a handler that records what next serves.
func Middleware(network *recorder.Network, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !network.Wants() {
			next.ServeHTTP(w, r)
			return
		}
		serve(network, next, w, r)
	})
}

func serve(network *recorder.Network, next http.Handler, w http.ResponseWriter, r *http.Request) {
	x := arrived(network, r)
	if original := r.Body; original != nil && original != http.NoBody {
		// Handlers and routers expect to share one request, so it is not copied.
		r.Body = x.sample(original)
		defer func() { r.Body = original }()
	}
	response := &response{ResponseWriter: w, got: sample{limit: x.limit}}
	returned := false
	// A panic is not caught, so that it reaches the server as it is.
	defer func() { x.served(response, r.Proto, returned) }()
	next.ServeHTTP(response.dressed(), r)
	returned = true
}

// arrived takes note of a request that a server got.
func arrived(network *recorder.Network, r *http.Request) *exchange {
	x := &exchange{network: network, limit: network.BodyLimit(), ctx: r.Context(), header: r.Header.Clone()}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	x.Start, x.Method, x.URL = time.Now(), method(r), scheme+r.Host+r.URL.RequestURI()
	x.RequestType = mediaType(x.header)
	return x
}

// served records the exchange when its handler is done.
func (x *exchange) served(r *response, proto string, returned bool) {
	e := x.describe()
	e.Protocol, e.Status = proto, r.status
	headers := r.header
	switch {
	case r.hijacked:
		// What is spoken on the connection from here on is not seen.
		if upgrades(x.header) {
			e.Status = http.StatusSwitchingProtocols
		}
		e.ResponseSize = -1
	case r.status == 0 && returned:
		e.Status, headers = http.StatusOK, r.ResponseWriter.Header().Clone()
	}
	e.StatusText = http.StatusText(e.Status)
	e.ResponseHeader, e.ResponseType = headers, mediaType(headers)
	if returned {
		r.got.end(nil)
	}
	if s := r.got.view(); !r.hijacked {
		e.ResponseSize, e.ResponseBody = s.total, body(headers, s, x.limit)
	}
	switch {
	case !returned:
		e.Error = "the handler panicked"
	case x.ctx.Err() != nil:
		e.Error = "the client went away: " + context.Cause(x.ctx).Error()
	}
	x.network.Record(e)
}

func upgrades(h http.Header) bool {
	return strings.Contains(strings.ToLower(strings.Join(h.Values("Connection"), ",")), "upgrade")
}
