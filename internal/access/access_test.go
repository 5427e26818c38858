package access

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
)

func TestImplicationIsALine(t *testing.T) {
	all := Scopes()
	for i, have := range all {
		for j, need := range all {
			if got, want := have.Implies(need), i >= j; got != want {
				t.Errorf("%s implies %s = %v, want %v", have, need, got, want)
			}
		}
	}
}

func TestUnknownScopeGivesAndGetsNothing(t *testing.T) {
	for _, odd := range []Scope{"", "root", "VIEW"} {
		if odd.Implies(View) {
			t.Errorf("%q implies view", odd)
		}
		if Admin.Implies(odd) {
			t.Errorf("admin implies %q", odd)
		}
	}
}

func TestParseScope(t *testing.T) {
	for _, s := range Scopes() {
		got, err := ParseScope(" " + strings.ToUpper(string(s)) + " ")
		if err != nil || got != s {
			t.Errorf("ParseScope(%q) = %q, %v", s, got, err)
		}
	}
	_, err := ParseScope("superuser")
	if err == nil || !strings.Contains(err.Error(), "superuser") {
		t.Errorf("unknown scope: error %v does not name it", err)
	}
}

func TestRequire(t *testing.T) {
	viewer := Identity{Name: "phone", Scopes: []Scope{View}, Via: ViaToken}
	tests := []struct {
		name   string
		ctx    context.Context
		need   Scope
		want   error
		status int
	}{
		{"no identity", t.Context(), View, ErrUnauthenticated, http.StatusUnauthorized},
		{"nobody", WithIdentity(t.Context(), Identity{Via: ViaNone}), View, ErrUnauthenticated, http.StatusUnauthorized},
		{"enough", WithIdentity(t.Context(), viewer), View, nil, 0},
		{"too little", WithIdentity(t.Context(), viewer), Console, ErrForbidden, http.StatusForbidden},
		{"unknown need", WithIdentity(t.Context(), Identity{Scopes: []Scope{Admin}}), "nonsense", ErrForbidden, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Require(tt.ctx, tt.need)
			if !errors.Is(err, tt.want) {
				t.Fatalf("Require = %v, want %v", err, tt.want)
			}
			if got := Status(err); got != tt.status {
				t.Errorf("Status = %d, want %d", got, tt.status)
			}
		})
	}
}

func TestDeniedErrorSaysWhy(t *testing.T) {
	id := Identity{Name: "uid 0", Scopes: []Scope{View}, Limited: "the page comes from another port"}
	err := Require(WithIdentity(t.Context(), id), Console)
	for _, part := range []string{`"console"`, `"uid 0"`, "another port"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q lacks %s", err, part)
		}
	}
	var denied *DeniedError
	if !errors.As(err, &denied) || denied.Need != Console {
		t.Errorf("error %v carries no DeniedError for console", err)
	}
}

func TestTrace(t *testing.T) {
	if got := TraceFrom(t.Context()); got != (Trace{}) {
		t.Errorf("empty context gave %v", got)
	}
	want := Trace{RequestID: "a", TraceID: "b"}
	if got := TraceFrom(WithTrace(t.Context(), want)); got != want {
		t.Errorf("TraceFrom = %v, want %v", got, want)
	}
}
