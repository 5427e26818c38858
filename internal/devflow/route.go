package devflow

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/access"
)

// maxBody bounds the body of a request.
const maxBody = 1 << 20

// route is one endpoint and how it is served.
type route struct {
	*Endpoint
	parts []string // of the path; {…} is any
	serve func(*call) error
}

// call is one request to an endpoint.
type call struct {
	api    *API
	w      http.ResponseWriter
	r      *http.Request
	query  query
	arg    string // the variable part of the path
	mirror bool
}

// json answers with 200 and a JSON body.
func (c *call) json(body any) error {
	data, err := marshal(body)
	if err != nil {
		return err
	}
	writeRaw(c.w, http.StatusOK, data)
	return nil
}

// done answers a change.
func (c *call) done(message string) error {
	return c.json(wire.ActionResult{Success: true, Message: message})
}

// body reads a JSON object into v, with names in any case. No body, and null, count
// as an empty object.
func (c *call) body(v any) error {
	data, err := io.ReadAll(c.r.Body)
	if err != nil {
		return err
	}
	if len(strings.TrimSpace(string(data))) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, v); err != nil {
		f := fail(http.StatusBadRequest, "invalid_body", "the body is not the expected JSON object: %s", strings.TrimPrefix(err.Error(), "json: "))
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) && typ.Field != "" {
			f.reason = "invalid_" + typ.Field
			f.detail = typ.Field + " has the wrong type"
		}
		return f
	}
	return nil
}

// split returns the decoded parts of a path, without a trailing slash.
func split(path string) ([]string, error) {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	parts := strings.Split(path, "/")
	for i, part := range parts {
		text, err := url.PathUnescape(part)
		if err != nil {
			return nil, fail(http.StatusBadRequest, "invalid_path", "the path is malformed")
		}
		parts[i] = text
	}
	return parts, nil
}

// match compares a path with a route's, and returns the variable part.
func (t *route) match(parts []string) (arg string, ok bool) {
	if len(parts) != len(t.parts) {
		return "", false
	}
	for i, want := range t.parts {
		switch {
		case strings.HasPrefix(want, "{"):
			arg = parts[i]
		case want != parts[i]:
			return "", false
		}
	}
	return arg, true
}

// serve answers every request.
func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	if err := a.route(w, r); err != nil {
		a.fail(w, r, err)
	}
}

func (a *API) route(w http.ResponseWriter, r *http.Request) error {
	if !a.deps.Guarded {
		if err := a.policy.check(r); err != nil {
			return err
		}
		if a.cors(w, r) {
			return nil
		}
	}
	parts, err := split(r.URL.EscapedPath())
	if err != nil {
		return err
	}
	if ch := a.channel(parts); ch != nil {
		return a.serveSocket(w, r, ch)
	}
	var allowed []string
	for i := range a.routes {
		t := &a.routes[i]
		arg, ok := t.match(parts)
		if !ok {
			continue
		}
		if t.Method == r.Method || t.Method == http.MethodGet && r.Method == http.MethodHead {
			return a.call(w, r, t, arg)
		}
		allowed = append(allowed, t.Method)
	}
	if len(allowed) > 0 {
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(slices.Compact(allowed), ", "))
		return fail(http.StatusMethodNotAllowed, "method_not_allowed", "%s is not possible here", r.Method)
	}
	return fail(http.StatusNotFound, "not_found", "there is nothing at %s", bounded(r.URL.EscapedPath()))
}

// channel finds the channel at a path.
func (a *API) channel(parts []string) *Channel {
	for _, part := range parts {
		if strings.Contains(part, "/") {
			return nil // an escaped slash separates nothing
		}
	}
	return a.channels["/"+strings.Join(parts, "/")]
}

// call serves one endpoint.
func (a *API) call(w http.ResponseWriter, r *http.Request, t *route, arg string) error {
	if err := a.require(r, t.Scope); err != nil {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	q := parseQuery(r.URL.RawQuery)
	return t.serve(&call{api: a, w: w, r: r, query: q, arg: arg, mirror: a.mirror(q)})
}

// require asks for a scope, where there are scopes.
func (a *API) require(r *http.Request, scope access.Scope) error {
	if !a.deps.Guarded {
		return nil
	}
	return access.Require(r.Context(), scope)
}

// mirror says whether a request wants the compatibility mirror.
func (a *API) mirror(q query) bool {
	switch strings.ToLower(q["compat"]) {
	case wire.CompatMirror:
		return true
	case wire.CompatNone:
		return false
	}
	return a.deps.Mirror
}

// cors lets pages that passed the policy read the answers, and answers what browsers
// ask before a request that changes something.
func (a *API) cors(w http.ResponseWriter, r *http.Request) (answered bool) {
	w.Header().Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	w.Header().Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	w.Header().Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	w.Header().Set("Access-Control-Allow-Headers", "Content-Type")
	writeJSON(w, http.StatusOK, wire.ActionResult{Success: true, Message: "allowed"})
	return true
}
