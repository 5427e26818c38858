package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/internal/access"
)

func identityOf(t *testing.T, r reply) access.Identity {
	t.Helper()
	want(t, r, http.StatusOK)
	var id access.Identity
	if err := json.Unmarshal([]byte(r.body), &id); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestOwnUserNeedsNoToken(t *testing.T) {
	h := start(t, nil)
	id := identityOf(t, h.ask(http.MethodPost, "/v1/control", "{}"))
	if id.Via != access.ViaLocalUser || !id.Can(access.Admin) || id.Name != fmt.Sprint("uid ", os.Geteuid()) || id.Remote == "" {
		t.Errorf("identity %+v", id)
	}
}

// TestAnotherUserNeedsTheToken runs a real process of another user.
func TestAnotherUserNeedsTheToken(t *testing.T) {
	needRoot(t)
	h := start(t, nil)
	self := selfCopy(t)
	run := func(path, token, cookie string) (string, string) {
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = []string{"SERVER_TEST_GET=" + h.url + path, "SERVER_TEST_TOKEN=" + token, "SERVER_TEST_COOKIE=" + cookie}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
		cmd.Dir = "/"
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		status, body, _ := strings.Cut(string(out), "\n")
		return status, body
	}
	for _, path := range []string{"/v1/view", "/v1/console", "/v1/ws", "/metrics"} {
		if status, body := run(path, "", ""); status != "401" {
			t.Errorf("%s without a token: %s %s", path, status, body)
		}
	}
	if status, body := run("/v1/view", h.token, ""); status != "200" || !strings.Contains(body, `"token"`) {
		t.Errorf("with the token: %s %s", status, body)
	}
	// A cookie that another local user got hold of is worth nothing.
	login := h.ask(http.MethodPost, "/auth/session", `{"token":"`+h.token+`"}`)
	want(t, login, http.StatusOK)
	cookie, _, _ := strings.Cut(login.header.Get("Set-Cookie"), ";")
	if status, body := run("/v1/view", "", cookie); status != "401" {
		t.Errorf("with a cookie of the server's user: %s %s", status, body)
	}
	if status, body := run("/", "", ""); status != "200" {
		t.Errorf("the public page: %s %s", status, body)
	}
}

// selfCopy puts the test binary where every user can run it.
func selfCopy(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "server")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(dir+"/self", data, 0o755), os.Chmod(dir+"/self", 0o755)); err != nil {
		t.Fatal(err)
	}
	return dir + "/self"
}

func TestForwardedIsNotLocal(t *testing.T) {
	h := start(t, nil)
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"} {
		wantCode(t, h.get("/v1/view", name, "192.0.2.9"), http.StatusUnauthorized, "unauthorized")
	}
	want(t, h.get("/v1/view", append(h.bearer(), "X-Forwarded-For", "192.0.2.9")...), http.StatusOK)
}

func TestUnknownPeerIsNobody(t *testing.T) {
	h := start(t, func(o *Options) {
		o.peerUID = func(net.Conn) (uint32, error) { return 0, errors.New("no such socket") }
	})
	r := h.get("/v1/view")
	wantCode(t, r, http.StatusUnauthorized, "unauthorized")
	if r.header.Get("WWW-Authenticate") == "" {
		t.Error("no WWW-Authenticate")
	}
}

func TestRootIsNoExceptionForOtherServers(t *testing.T) {
	h := start(t, func(o *Options) {
		o.peerUID = func(net.Conn) (uint32, error) { return uint32(os.Geteuid()) + 1, nil }
	})
	want(t, h.get("/v1/view"), http.StatusUnauthorized)
}

func TestTokenScopes(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	for _, scope := range access.Scopes() {
		secret, err := h.store.Create("t-"+string(scope), []access.Scope{scope})
		if err != nil {
			t.Fatal(err)
		}
		auth := []string{"Authorization", "Bearer " + secret}
		for _, one := range []struct {
			method, path string
			need         access.Scope
		}{{"GET", "/v1/view", access.View}, {"POST", "/v1/control", access.Control}, {"GET", "/v1/console", access.Console}, {"GET", "/metrics", access.View}} {
			r := h.ask(one.method, one.path, "", auth...)
			if scope.Implies(one.need) {
				want(t, r, http.StatusOK)
			} else {
				wantCode(t, r, http.StatusForbidden, "forbidden")
			}
		}
	}
}

func TestBadCredentials(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	for _, value := range []string{"Bearer", "Bearer ", "Bearer wrong", "Basic dXNlcjpwYXNz", h.token, "Bearer " + h.token + "x"} {
		wantCode(t, h.get("/v1/view", "Authorization", value), http.StatusUnauthorized, "unauthorized")
	}
	wantCode(t, h.get("/v1/view", append(h.bearer(), h.bearer()...)...), http.StatusUnauthorized, "unauthorized")
	wantCode(t, h.get("/v1/view?token="+h.token), http.StatusUnauthorized, "unauthorized")
	want(t, h.get("/v1/view", "Authorization", "bearer "+h.token), http.StatusOK)
}

// TestWrongTokenOfTheOwnUser is refused: who shows a token wants to be that one.
func TestWrongTokenOfTheOwnUser(t *testing.T) {
	h := start(t, nil)
	wantCode(t, h.get("/v1/view", "Authorization", "Bearer wrong"), http.StatusUnauthorized, "unauthorized")
}

func TestRevokedTokenIsOutAtOnce(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	want(t, h.get("/v1/view", h.bearer()...), http.StatusOK)
	if err := h.store.Revoke(FirstToken); err != nil {
		t.Fatal(err)
	}
	want(t, h.get("/v1/view", h.bearer()...), http.StatusUnauthorized)
}

func TestTooManyAttempts(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	limited := 0
	for i := range 30 {
		r := h.get("/v1/view", "Authorization", fmt.Sprint("Bearer wrong", i))
		if r.status == http.StatusTooManyRequests {
			limited++
			if r.header.Get("Retry-After") == "" {
				t.Fatal("no Retry-After")
			}
		}
	}
	if limited < 15 {
		t.Fatalf("%d of 30 wrong tokens were limited", limited)
	}
	// The right token is not even looked at now, through either door.
	wantCode(t, h.get("/v1/view", h.bearer()...), http.StatusTooManyRequests, "too_many_requests")
	wantCode(t, h.ask(http.MethodPost, "/auth/session", `{"token":"`+h.token+`"}`), http.StatusTooManyRequests, "too_many_requests")
	if text := h.logs.String(); strings.Contains(text, "wrong1") {
		t.Error("the log holds a token that was tried")
	}
}

// TestLockoutStaysWithItsUser has one local user run into the limit while
// another goes on.
func TestLockoutStaysWithItsUser(t *testing.T) {
	uid := uint32(4711)
	h := start(t, func(o *Options) {
		o.peerUID = func(net.Conn) (uint32, error) { return uid, nil }
	})
	for range 20 {
		h.get("/v1/view", "Authorization", "Bearer wrong")
	}
	want(t, h.get("/v1/view", h.bearer()...), http.StatusTooManyRequests)
	h.client.CloseIdleConnections()
	uid = 4712
	want(t, h.get("/v1/view", h.bearer()...), http.StatusOK)
}

func TestDamagedTokensLetNobodyIn(t *testing.T) {
	h := start(t, func(o *Options) { o.peerUID = stranger })
	if err := os.WriteFile(h.srv.opts.State.Join("tokens.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantCode(t, h.get("/v1/view", h.bearer()...), http.StatusInternalServerError, "internal")
}

func TestInsecureNoAuth(t *testing.T) {
	h := start(t, func(o *Options) { o.InsecureNoAuth = true; o.peerUID = stranger })
	if h.srv.Login() != "" {
		t.Error("a token was made")
	}
	if id := identityOf(t, h.ask(http.MethodPost, "/v1/control", "{}")); id.Via != access.ViaNone {
		t.Errorf("identity %+v", id)
	}
	// The checks against foreign pages hold all the same.
	wantCode(t, h.get("/v1/view", "Host", "evil.example"), http.StatusForbidden, "host_not_allowed")
	wantCode(t, h.get("/v1/view", "Origin", "http://evil.example"), http.StatusForbidden, "origin_not_allowed")
	if !strings.Contains(h.logs.String(), "authentication is off") {
		t.Error("no warning")
	}
}

func TestFirstTokenIsMadeOnce(t *testing.T) {
	h := start(t, nil)
	if !strings.HasPrefix(h.srv.Login(), h.url+"/#token=hg_") {
		t.Errorf("login URL %q", h.srv.Login())
	}
	state := h.srv.opts.State
	listeners, err := Listen(t.Context(), []string{"127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(Options{Listeners: listeners, State: state})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Login() != "" {
		t.Error("a second start made another token")
	}
	if strings.Contains(h.logs.String(), h.token) {
		t.Error("the log holds the token")
	}
}
