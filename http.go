package heliograph

import (
	"net/http"

	"github.com/heliograph/heliograph/internal/source/httpcapture"
)

// RoundTripper returns a transport that shows the HTTP exchanges which go through it
// to the agent's clients. A nil next is http.DefaultTransport.
//
//	client := &http.Client{Transport: agent.RoundTripper(nil)}
//
// Each call of RoundTrip is one exchange, redirects and retries of the client are
// exchanges of their own. It is shown when its response was read to the end or closed.
// Requests and responses are passed on as they come; bodies are not held back. What
// transports below add to a request is not seen: wrap the innermost one.
//
// Do not assign it to http.DefaultTransport: packages rely on that being an
// *http.Transport.
func (a *Agent) RoundTripper(next http.RoundTripper) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	if a == nil {
		return next
	}
	return &httpcapture.Transport{Next: next, Network: a.rec.Network}
}

// Middleware returns a handler that shows the exchanges which next serves to the
// agent's clients, in the same list as those that the program makes.
//
// The http.ResponseWriter that next gets has the interfaces of the server's: flushing,
// hijacking, sending files and http.ResponseController work as without it. A panic of
// next is noted and goes on to the server.
func (a *Agent) Middleware(next http.Handler) http.Handler {
	if a == nil {
		return next
	}
	return httpcapture.Middleware(a.rec.Network, next)
}
