package access

import (
	"fmt"
	"strings"
)

// Scope names one level of permission. The values are stable: they are stored
// with tokens and shown to users.
type Scope string

// The scopes, weakest first. See the package comment for what each allows.
const (
	View    Scope = "view"
	Control Scope = "control"
	Console Scope = "console"
	Admin   Scope = "admin"
)

// Scopes returns all scopes, weakest first. The caller owns the slice.
func Scopes() []Scope { return []Scope{View, Control, Console, Admin} }

// ParseScope turns user input into a Scope. Case and surrounding blanks do not
// matter. The error names the value and lists the ones that exist.
func ParseScope(s string) (Scope, error) {
	scope := Scope(strings.ToLower(strings.TrimSpace(s)))
	if scope.level() == 0 {
		return "", fmt.Errorf("unknown scope %q: it is one of view, control, console, admin", s)
	}
	return scope, nil
}

// Implies reports whether holding s allows what needs other. An unknown scope
// implies nothing and is implied by nothing.
func (s Scope) Implies(other Scope) bool {
	have, need := s.level(), other.level()
	return need > 0 && have >= need
}

// level is the place of the scope in the line, 0 for an unknown one.
func (s Scope) level() int {
	switch s {
	case View:
		return 1
	case Control:
		return 2
	case Console:
		return 3
	case Admin:
		return 4
	default:
		return 0
	}
}
