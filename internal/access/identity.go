package access

import "context"

// Via says how somebody came in. The values are stable: they appear in logs,
// in the change journal and in the answer of GET /auth/session.
type Via string

// The ways in.
const (
	// ViaLocalUser is a loopback peer whose process belongs to the same user as
	// the server; it needs no token.
	ViaLocalUser Via = "local-user"
	// ViaToken is an Authorization: Bearer header.
	ViaToken Via = "token"
	// ViaCookie is the session cookie of a browser that posted a token.
	ViaCookie Via = "cookie"
	// ViaNone is somebody unknown. They hold no scope, unless the server was
	// told to ask nobody for anything.
	ViaNone Via = "none"
)

// Identity is who asks. The zero value is nobody with no permission. It is a
// value: Scopes is shared between copies and must not be changed.
type Identity struct {
	// Name is the name of the token, "uid N" for a local user, empty for nobody.
	// It is fit for logs and the journal and never holds a secret.
	Name string
	// Scopes are the permissions held.
	Scopes []Scope
	// Remote is the peer's address and port as the server saw it.
	Remote string
	// Via says how the identity was established.
	Via Via
	// Limited says why Scopes is less than the way in would normally give, as a
	// sentence without a full stop; empty when nothing was taken away.
	Limited string
	// Valid tells later whether the credentials still hold; nil means that they always
	// do. It may read a file.
	Valid func() bool `json:"-"`
}

// Can reports whether the identity holds scope or one that implies it.
func (id Identity) Can(scope Scope) bool {
	for _, have := range id.Scopes {
		if have.Implies(scope) {
			return true
		}
	}
	return false
}

// Trace holds the two ids that belong to one request. Both are bounded and
// consist of characters that are safe in headers and logs.
type Trace struct {
	// RequestID is the client's x-request-id or a new UUID.
	RequestID string
	// TraceID is the client's x-trace-id or equal to RequestID.
	TraceID string
}

type (
	identityKey struct{}
	traceKey    struct{}
)

// WithIdentity returns a context that carries id.
func WithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}

// From returns the identity that ctx carries; ok is false when it carries none,
// in which case the identity is the zero value and may do nothing.
func From(ctx context.Context) (id Identity, ok bool) {
	id, ok = ctx.Value(identityKey{}).(Identity)
	return id, ok
}

// WithTrace returns a context that carries the ids of a request.
func WithTrace(ctx context.Context, t Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceFrom returns the ids that ctx carries, empty ones when it carries none.
func TraceFrom(ctx context.Context) Trace {
	t, _ := ctx.Value(traceKey{}).(Trace)
	return t
}
