package token

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/server/statedir"
)

func dir(t *testing.T) *statedir.Dir {
	t.Helper()
	d, err := statedir.Open(filepath.Join(t.TempDir(), "state"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func create(t *testing.T, s *Store, name string, scopes ...access.Scope) (string, Verified) {
	t.Helper()
	secret, err := s.Create(name, scopes)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	v, ok, err := s.Verify(secret)
	if err != nil || !ok {
		t.Fatalf("Verify of a new token: %v, %v", ok, err)
	}
	return secret, v
}

func TestTokenLife(t *testing.T) {
	d := dir(t)
	s := NewStore(d)
	secret, v := create(t, s, "phone", access.View)
	if v.Name != "phone" || len(v.Scopes) != 1 || v.Scopes[0] != access.View {
		t.Errorf("verified %+v", v)
	}
	if !strings.HasPrefix(secret, Prefix) || len(secret) != len(Prefix)+43 {
		t.Errorf("secret %q has not 256 bits behind %q", secret, Prefix)
	}
	data, err := d.Read("tokens.json")
	if err != nil || strings.Contains(string(data), strings.TrimPrefix(secret, Prefix)) {
		t.Errorf("the file holds the secret, or %v", err)
	}
	for _, wrong := range []string{"", "x", secret[:len(secret)-1], secret + "a", strings.Repeat("a", 1<<16)} {
		if _, ok, err := s.Verify(wrong); ok || err != nil {
			t.Errorf("Verify(%.20q) = %v, %v", wrong, ok, err)
		}
	}
	if _, err := s.Create("phone", []access.Scope{access.Admin}); !errors.Is(err, ErrExists) {
		t.Errorf("same name again: %v", err)
	}
	if err := s.Revoke("phone"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Verify(secret); ok {
		t.Error("a revoked token is accepted")
	}
	if err := s.Revoke("phone"); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoke again: %v", err)
	}
}

func TestBadNamesAndScopes(t *testing.T) {
	s := NewStore(dir(t))
	for _, name := range []string{"", "a b", "../x", "-x", strings.Repeat("a", 65), "ü", "a\n"} {
		if _, err := s.Create(name, []access.Scope{access.View}); err == nil {
			t.Errorf("name %q is accepted", name)
		}
	}
	if _, err := s.Create("a", nil); err == nil {
		t.Error("no scope is accepted")
	}
	if _, err := s.Create("a", []access.Scope{"root"}); err == nil {
		t.Error("an unknown scope is accepted")
	}
}

// TestChangesOfAnotherProcess is the command line beside a running server.
func TestChangesOfAnotherProcess(t *testing.T) {
	d := dir(t)
	server, cli := NewStore(d), NewStore(d)
	secret, _ := create(t, cli, "a", access.View)
	// An old file is remembered, not read again.
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(d.Join("tokens.json"), old, old); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := server.Verify(secret); !ok || err != nil || !server.loaded {
		t.Fatalf("the server does not see a new token: %v, %v", ok, err)
	}
	if err := cli.Revoke("a"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := server.Verify(secret); ok {
		t.Error("the server accepts a token that was revoked elsewhere")
	}
}

func TestConcurrentCreatesLoseNothing(t *testing.T) {
	d := dir(t)
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			if _, err := NewStore(d).Create(fmt.Sprint("t", i), []access.Scope{access.View}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if list, err := NewStore(d).List(); err != nil || len(list) != 10 {
		t.Errorf("%d tokens, %v, want 10", len(list), err)
	}
}

func TestTooManyTokens(t *testing.T) {
	d := dir(t)
	s := NewStore(d)
	err := s.change(func([]record) ([]record, error) {
		many := make([]record, MaxTokens)
		for i := range many {
			many[i] = record{Info{Name: fmt.Sprint("t", i), Scopes: []access.Scope{access.View}}, hashOf(fmt.Sprint(i))}
		}
		return many, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Create("more", []access.Scope{access.View}); err == nil {
		t.Error("the bound does not hold")
	}
}

func TestDamagedFileLetsNobodyIn(t *testing.T) {
	for _, text := range []string{"", "{", `{"version":2,"tokens":[]}`, `{"version":1,"tokens":[{"name":"a","scopes":["view"]}]}`,
		`{"version":1,"tokens":[{"name":"a","scopes":["root"],"sha256":"00"}]}`} {
		d := dir(t)
		if err := os.WriteFile(d.Join("tokens.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, ok, err := NewStore(d).Verify("x")
		if ok || err == nil {
			t.Errorf("file %q: ok %v, error %v", text, ok, err)
		}
	}
}

func TestSessionLife(t *testing.T) {
	d := dir(t)
	store := NewStore(d)
	_, v := create(t, store, "a", access.Control)
	s, err := OpenSessions(d, store)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := s.Start(v, Elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	info, ok, err := s.Find(secret, Elsewhere)
	if err != nil || !ok || info.Name != "a" {
		t.Fatalf("Find = %+v, %v, %v", info, ok, err)
	}
	if _, ok, _ := s.Find(secret, LocalPlace(0)); ok {
		t.Error("a session counts in another place than it was opened in")
	}
	again, err := OpenSessions(d, store)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := again.Find(secret, Elsewhere); !ok {
		t.Error("a session did not survive a restart")
	}
	again.now = func() time.Time { return time.Now().Add(SessionLife) }
	if _, ok, _ := again.Find(secret, Elsewhere); ok {
		t.Error("a session does not expire")
	}
	if err := s.End(secret); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Find(secret, Elsewhere); ok {
		t.Error("a session lives after its end")
	}
	if data, err := d.Read("sessions.json"); err != nil || strings.Contains(string(data), secret) {
		t.Errorf("the file holds the secret, or %v", err)
	}
}

func TestRevokingATokenEndsItsSessions(t *testing.T) {
	d := dir(t)
	store := NewStore(d)
	_, v := create(t, store, "a", access.View)
	s, err := OpenSessions(d, store)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := s.Start(v, Elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if err := NewStore(d).Revoke("a"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := s.Find(secret, Elsewhere); ok {
		t.Error("a session outlives its token")
	}
	create(t, store, "a", access.Admin) // the same name is another token
	if _, ok, _ := s.Find(secret, Elsewhere); ok {
		t.Error("a session went over to a new token of the same name")
	}
}

func TestSessionsAreBounded(t *testing.T) {
	d := dir(t)
	store := NewStore(d)
	_, v := create(t, store, "a", access.View)
	s, err := OpenSessions(d, store)
	if err != nil {
		t.Fatal(err)
	}
	first, err := s.Start(v, Elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	for len(s.all) < MaxSessions {
		s.all = append(s.all, session{Expires: time.Now().Add(time.Hour)})
	}
	last, err := s.Start(v, Elsewhere)
	if err != nil || len(s.all) != MaxSessions {
		t.Fatalf("%d sessions, %v", len(s.all), err)
	}
	if _, ok, _ := s.Find(first, Elsewhere); ok {
		t.Error("the oldest session was kept")
	}
	if _, ok, _ := s.Find(last, Elsewhere); !ok {
		t.Error("the newest session was not kept")
	}
}

func TestAttempts(t *testing.T) {
	now := time.Unix(0, 0)
	a := NewAttempts(func() time.Time { return now })
	for i := range Burst {
		if wait := a.Begin("x"); wait != 0 {
			t.Fatalf("attempt %d must wait %v", i, wait)
		}
	}
	if wait := a.Begin("x"); wait != Refill {
		t.Errorf("after %d failures wait %v, want %v", Burst, wait, Refill)
	}
	if wait := a.Begin("y"); wait != 0 {
		t.Errorf("another origin must wait %v", wait)
	}
	now = now.Add(Refill)
	if wait := a.Begin("x"); wait != 0 {
		t.Errorf("after the wait one must wait %v more", wait)
	}
	if wait := a.Begin("x"); wait == 0 {
		t.Error("two attempts after one refill")
	}
}

func TestSuccessesCostNothing(t *testing.T) {
	a := NewAttempts(time.Now)
	for i := range 100 * Burst {
		if wait := a.Begin("x"); wait != 0 {
			t.Fatalf("attempt %d must wait %v", i, wait)
		}
		a.Succeeded("x")
	}
	if len(a.byKey) != 0 || a.order.Len() != 0 {
		t.Error("successes are remembered")
	}
}

func TestAttemptsAreBounded(t *testing.T) {
	a := NewAttempts(time.Now)
	for i := range 3 * MaxOrigins {
		a.Begin(fmt.Sprint(i))
	}
	if len(a.byKey) != MaxOrigins || a.order.Len() != MaxOrigins {
		t.Errorf("%d and %d origins, want %d", len(a.byKey), a.order.Len(), MaxOrigins)
	}
}

func FuzzParseTokens(f *testing.F) {
	f.Add([]byte(`{"version":1,"tokens":[{"name":"a","scopes":["view"],"created":"2030-01-01T00:00:00Z","sha256":"` + strings.Repeat("0a", 32) + `"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		tokens, err := parseTokens(data)
		if err != nil {
			return
		}
		for _, tok := range tokens {
			if tok.Hash == (hash{}) || len(tok.Scopes) == 0 {
				t.Errorf("accepted %+v", tok)
			}
		}
	})
}
