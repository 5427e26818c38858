package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

var (
	// ErrUnauthenticated is what Require answers to somebody unknown: a token
	// would help.
	ErrUnauthenticated = errors.New("authentication is required")
	// ErrForbidden is what Require answers to somebody known who lacks the scope.
	ErrForbidden = errors.New("permission denied")
)

// DeniedError is the error of [Require]. It matches ErrUnauthenticated or
// ErrForbidden with errors.Is. Its text is a sentence fit to be shown to the
// client: it names the scope that is missing and no secret.
type DeniedError struct {
	// Need is the scope that was asked for.
	Need Scope
	// Identity is who asked.
	Identity Identity

	reason error
}

// Error says what is missing and, for a known identity, whose permission it is.
func (e *DeniedError) Error() string {
	if errors.Is(e.reason, ErrUnauthenticated) {
		return fmt.Sprintf("%v: this needs a token with the scope %q", e.reason, e.Need)
	}
	text := fmt.Sprintf("%v: this needs the scope %q, which %q does not hold", e.reason, e.Need, e.Identity.Name)
	if e.Identity.Limited != "" {
		text += ": " + e.Identity.Limited
	}
	return text
}

// Unwrap returns ErrUnauthenticated or ErrForbidden.
func (e *DeniedError) Unwrap() error { return e.reason }

// Require returns nil when the identity in ctx holds scope or one that implies
// it, and a *DeniedError otherwise. A context without an identity is refused:
// a handler that was mounted past the server's checks stays closed.
func Require(ctx context.Context, scope Scope) error {
	id, _ := From(ctx)
	if id.Can(scope) {
		return nil
	}
	reason := ErrForbidden
	if len(id.Scopes) == 0 {
		reason = ErrUnauthenticated
	}
	return &DeniedError{Need: scope, Identity: id, reason: reason}
}

// Status maps an error of [Require] to its HTTP status: 401 for somebody
// unknown, 403 for somebody who lacks the scope, 0 for any other error.
func Status(err error) int {
	switch {
	case errors.Is(err, ErrUnauthenticated):
		return http.StatusUnauthorized
	case errors.Is(err, ErrForbidden):
		return http.StatusForbidden
	default:
		return 0
	}
}
