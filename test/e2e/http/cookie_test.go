package http

import (
	"net/http"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// stranger are the headers of somebody whom the server does not know, on this
// machine.
func stranger(more ...string) []string {
	return append([]string{"X-Forwarded-For", "192.0.2.1"}, more...)
}

// logIn trades the token for a cookie, as the page does.
func logIn(t *testing.T, d *device.Device) *http.Cookie {
	t.Helper()
	r := d.Post("/auth/session", `{"token":"`+d.Token()+`"}`, stranger("Origin", d.URL)...)
	cookies := (&http.Response{Header: r.Header}).Cookies()
	if r.Status != 200 || len(cookies) != 1 {
		t.Fatalf("%d %s, cookies %v", r.Status, r.Body, cookies)
	}
	return cookies[0]
}

// Design 7: the page posts the token and gets a cookie, which opens everything,
// sockets included, until it is given back.
func TestCookie(t *testing.T) {
	d := start(t)
	if r := d.Get("/v1/health", stranger()...); r.Status != 401 {
		t.Fatalf("a stranger is let in: %d", r.Status)
	}
	c := logIn(t, d)
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure || c.MaxAge <= 0 {
		t.Errorf("the cookie is %s", c.Raw)
	}
	if strings.Contains(c.Value, d.Token()) || len(c.Value) < 32 {
		t.Errorf("the cookie's value is %q", c.Value)
	}
	with := stranger("Cookie", c.Name+"="+c.Value)
	if r := d.Get("/v1/health", with...); r.Status != 200 {
		t.Errorf("with the cookie: %d %s", r.Status, r.Body)
	}
	if r := d.Get("/auth/session", with...); !strings.Contains(string(r.Body), `"via":"cookie"`) || !strings.Contains(string(r.Body), `"console"`) {
		t.Errorf("who: %s", r.Body)
	}
	header := http.Header{"Cookie": {c.Name + "=" + c.Value}, "X-Forwarded-For": {"192.0.2.1"}, "Origin": {d.URL}}
	d.DialWith("/v1/ws/console", device.DialOptions{Header: header}).Expect("ready")

	// It is of no use to a foreign page, nor under another name.
	header.Set("Origin", "http://evil.example")
	if _, answer, err := d.TryDial("/v1/ws/console", device.DialOptions{Header: header}); err == nil || answer.StatusCode != 403 {
		t.Errorf("a foreign page with the cookie: %v", err)
	}
	if r := d.Get("/v1/health", stranger("Cookie", "session="+c.Value)...); r.Status != 401 {
		t.Errorf("under another name: %d", r.Status)
	}
	if r := d.Get("/v1/health", stranger("Cookie", c.Name+"="+c.Value+"x")...); r.Status != 401 {
		t.Errorf("another value: %d", r.Status)
	}

	r := d.Ask("DELETE", "/auth/session", "", with...)
	gone := (&http.Response{Header: r.Header}).Cookies()
	if r.Status != 204 || len(gone) != 1 || gone[0].MaxAge >= 0 {
		t.Errorf("log out: %d %v", r.Status, gone)
	}
	if r := d.Get("/v1/health", with...); r.Status != 401 {
		t.Errorf("after logging out: %d", r.Status)
	}
}

// Design 7: the session of one local user is of no use to another.
func TestStolenCookie(t *testing.T) {
	d := start(t)
	c := logIn(t, d)
	for _, o := range visit(t, []call{{Method: "GET", URL: d.URL + "/v1/health", Header: map[string]string{"Cookie": c.Name + "=" + c.Value}}}) {
		if o.Status != 401 {
			t.Errorf("%+v", o)
		}
	}
}

// Design 7: a session survives a restart, and ends with its token.
func TestCookieAndRestart(t *testing.T) {
	d := start(t)
	c := logIn(t, d)
	with := stranger("Cookie", c.Name+"="+c.Value)
	d.Stop()
	d = device.Start(t, device.Options{StateDir: d.StateDir, Listen: []string{d.Addr()}})
	if r := d.Get("/v1/health", with...); r.Status != 200 {
		t.Errorf("after a restart: %d %s", r.Status, r.Body)
	}
	command(t, "token", "revoke", "first", "--state-dir", d.StateDir)
	device.Poll(t, "the session to end with its token", func() bool { return d.Get("/v1/health", with...).Status == 401 })
}

// Design 7: logins that are none.
func TestBadLogins(t *testing.T) {
	d := start(t)
	good := `{"token":"` + d.Token() + `"}`
	for _, c := range []struct {
		name, body string
		status     int
		headers    []string
	}{
		{"wrong token", `{"token":"hg_x"}`, 401, nil},
		{"no token", `{}`, 401, nil},
		{"no JSON", `token=` + d.Token(), 400, nil},
		{"too large", `{"token":"` + strings.Repeat("x", 8<<10) + `"}`, 413, nil},
		{"foreign page", good, 403, []string{"Origin", "http://evil.example"}},
	} {
		r := d.Post("/auth/session", c.body, stranger(c.headers...)...)
		if r.Status != c.status || r.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s, cookie %q", c.name, r.Status, r.Body, r.Header.Get("Set-Cookie"))
		}
	}
	if r := d.Ask("POST", "/auth/session", good, "Content-Type", "text/plain"); r.Status != 415 {
		t.Errorf("a form could log in: %d", r.Status)
	}
	if r := d.Get("/v1/health", stranger()...); r.Status != 401 {
		t.Errorf("%d", r.Status)
	}
	for _, path := range []string{"/v1/health?token=", "/v1/health?access_token=", "/?token="} {
		if r := d.Get(path+d.Token(), stranger()...); strings.HasPrefix(path, "/v1") && r.Status != 401 {
			t.Errorf("a token in the query is accepted: %d", r.Status)
		}
	}
}

// Design 7: secrets are in no log, however they are shown, nor in the journal.
func TestSecretsAreNotLogged(t *testing.T) {
	d := start(t, "--log-level", "debug")
	token := d.Token()
	c := logIn(t, d)
	secrets := []string{token, c.Value, "hg_wrongwrongwrong"}
	for _, secret := range secrets {
		d.Get("/v1/health", "Authorization", "Bearer "+secret)
		d.Get("/v1/health", "Authorization", "Basic "+secret)
		d.Get("/v1/health", "Cookie", c.Name+"="+secret)
		d.Get("/v1/health?token=" + secret)
		d.Get("/v1/nosuch?token=" + secret)
		d.Post("/auth/session", `{"token":"`+secret+`"}`)
		d.Post("/v1/console/sessions?token="+secret, "{}", "Authorization", "Bearer "+secret)
		s, _, err := d.TryDial("/v1/ws/telemetry?token="+secret, device.DialOptions{Header: http.Header{"Authorization": {"Bearer " + secret}}})
		if err == nil {
			s.Next()
			s.Drop()
		}
	}
	d.Ask("DELETE", "/auth/session", "", "Cookie", c.Name+"="+c.Value)
	errors := string(d.Get("/v1/errors").Body)
	d.Stop()
	if !strings.Contains(d.Log(), "level=DEBUG") || !strings.Contains(d.Log(), "/v1/nosuch") {
		t.Errorf("nothing was logged: %s", d.Log())
	}
	for _, secret := range secrets {
		if strings.Contains(d.Log(), secret) {
			t.Errorf("the log has %s", secret)
		}
		if strings.Contains(errors, secret) {
			t.Errorf("the history of errors has %s", secret)
		}
	}
	if n := strings.Count(d.Output(), token); n != 1 {
		t.Errorf("the token was printed %d times", n)
	}
}

// Design 7: the token is printed at the first start only, as a URL that is ready
// to open.
func TestTokenIsPrintedOnce(t *testing.T) {
	d := start(t)
	line := d.URL + "/#token=" + d.Token() + "\n" // after the line for which the harness waits
	device.Poll(t, "the token to be printed", func() bool { return strings.Contains(d.Output(), line) })
	d.Stop()
	again := device.Start(t, device.Options{StateDir: d.StateDir})
	again.Stop()
	if strings.Contains(again.Output(), "token") {
		t.Errorf("printed again: %s", again.Output())
	}
}

// Design 7: credentials that end take the open sockets with them; those of others go
// on.
func TestRevokedCredentialsEndSockets(t *testing.T) {
	t.Parallel()
	d := start(t)
	laptop := makeToken(t, d, "laptop", "view")
	byToken := d.DialWith("/v1/ws/telemetry", device.DialOptions{Header: http.Header{"Authorization": {"Bearer " + laptop}}})
	c := logIn(t, d)
	byCookie := d.DialWith("/v1/ws", device.DialOptions{Header: http.Header{
		"Cookie": {c.Name + "=" + c.Value}, "X-Forwarded-For": {"192.0.2.1"}, "Origin": {d.URL},
	}})
	byUser := d.Dial("/v1/ws/telemetry")
	command(t, "token", "revoke", "laptop", "--state-dir", d.StateDir)
	if r := d.Ask("DELETE", "/auth/session", "", stranger("Cookie", c.Name+"="+c.Value)...); r.Status != 204 {
		t.Fatalf("log out: %d", r.Status)
	}
	for name, s := range map[string]*device.Socket{"token": byToken, "cookie": byCookie} {
		if code, reason := s.WaitClose(); code != 1008 || !strings.Contains(reason, "credentials") {
			t.Errorf("%s: closed with %d, %q", name, code, reason)
		}
	}
	byUser.Next()
}
