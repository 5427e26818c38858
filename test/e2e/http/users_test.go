package http

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func wsURL(d *device.Device) string { return strings.Replace(d.URL, "http", "ws", 1) }

// everything is a call of each kind that shows or changes something.
func everything(d *device.Device, header map[string]string) []call {
	calls := []call{
		{Method: "GET", URL: d.URL + "/v1/health"},
		{Method: "GET", URL: d.URL + "/v1"},
		{Method: "GET", URL: d.URL + "/v1/streams"},
		{Method: "GET", URL: d.URL + "/v1/device/metrics"},
		{Method: "GET", URL: d.URL + "/v1/device/logs?source=dmesg&lines=1"},
		{Method: "GET", URL: d.URL + "/v1/errors"},
		{Method: "GET", URL: d.URL + "/metrics"},
		{Method: "GET", URL: d.URL + "/v1/console/sessions"},
		{Method: "POST", URL: d.URL + "/v1/console/sessions", Body: "{}"},
		{Method: "DELETE", URL: d.URL + "/v1/errors"},
		{WebSocket: true, URL: wsURL(d) + "/v1/ws/telemetry"},
		{WebSocket: true, URL: wsURL(d) + "/v1/ws/processes"},
		{WebSocket: true, URL: wsURL(d) + "/v1/ws/console"},
		{WebSocket: true, URL: wsURL(d) + "/v1/ws", Body: `{"cmd":"console.session","sent-at":"2031-02-27T13:46:40Z"}`},
	}
	for i := range calls {
		calls[i].Header = header
	}
	return calls
}

// Design 7: another user of this machine needs the token, for everything.
func TestOtherUserNeedsTheToken(t *testing.T) {
	d := start(t)
	refused := everything(d, nil)
	for i, o := range visit(t, refused) {
		if o.Status != 401 {
			t.Errorf("%+v: %d %.100s", refused[i], o.Status, o.Text)
		}
	}
	if n := len(sessions(t, d)); n != 0 {
		t.Fatalf("another user opened %d shells", n)
	}
	allowed := everything(d, bearer(d.Token()))
	for i, o := range visit(t, allowed) {
		if o.Status != 200 && o.Status != 204 && o.Status != 101 || o.Err != "" {
			t.Errorf("with the token: %+v: %+v", allowed[i], o)
		}
	}
	if n := len(sessions(t, d)); n != 3 {
		t.Errorf("%d shells, want 3", n)
	}
	wrong := everything(d, bearer("hg_"+strings.Repeat("x", 43)))[:5]
	for i, o := range visit(t, wrong) {
		if o.Status != 401 {
			t.Errorf("with a wrong token: %+v: %d %.100s", wrong[i], o.Status, o.Text)
		}
	}
}

// Design 7: what holds no data of the device is there for everybody.
func TestWhatEverybodyMaySee(t *testing.T) {
	d := start(t)
	for i, o := range visit(t, []call{
		{Method: "GET", URL: d.URL + "/"},
		{Method: "GET", URL: d.URL + "/healthz"},
		{Method: "GET", URL: d.URL + "/asyncapi.json"},
		{Method: "GET", URL: d.URL + "/v1/asyncapi.json"},
		{Method: "GET", URL: d.URL + "/auth/session"},
	}) {
		if o.Status != 200 {
			t.Errorf("%d: %d %.100s", i, o.Status, o.Text)
		}
		if i == 4 && (strings.Contains(o.Text, `"authenticated":true`) || strings.Contains(o.Text, "view")) {
			t.Errorf("a stranger is %s", o.Text)
		}
	}
}

// Design 7: the files with the secrets are the user's own.
func TestStateIsPrivate(t *testing.T) {
	d := start(t)
	d.Post("/auth/session", `{"token":"`+d.Token()+`"}`)
	count := 0
	err := filepath.WalkDir(d.StateDir, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if entry.IsDir() {
			return nil
		}
		count++
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), d.Token()) {
			t.Errorf("%s holds the token", path)
		}
		return err
	})
	if err != nil || count < 3 {
		t.Errorf("%d files, %v", count, err)
	}
}

// Design 7: a server that says it was forwarded is no local user.
func TestForwardedNeedsTheToken(t *testing.T) {
	d := start(t)
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"} {
		r := d.Get("/v1/health", header, "192.0.2.1")
		wantError(t, header, r, 401, "unauthorized")
		if !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s: %v", header, r.Header)
		}
		if r := d.Get("/v1/health", header, "192.0.2.1", "Authorization", "Bearer "+d.Token()); r.Status != 200 {
			t.Errorf("%s with the token: %d", header, r.Status)
		}
	}
}

// Design 7: scopes. Each implies those before it.
func TestScopes(t *testing.T) {
	d := start(t)
	scopes := []string{"view", "control", "console", "admin"}
	for have, scope := range scopes {
		token := "Bearer " + makeToken(t, d, "the-"+scope, scope)
		for _, c := range []struct {
			need               int
			method, path, body string
			good               int
		}{
			{0, "GET", "/v1/health", "", 200},
			{0, "GET", "/metrics", "", 200},
			{0, "GET", "/v1/device/logs?source=dmesg", "", 200},
			{1, "DELETE", "/v1/errors", "", 204},
			{1, "POST", "/v1/peripherals/i2c/scan", "", 200},
			{1, "POST", "/v1/device/hostname", `{"hostname":"-"}`, 400},
			{2, "GET", "/v1/console/sessions", "", 200},
			{2, "POST", "/v1/console/sessions", "{}", 200},
			{2, "DELETE", "/v1/console/sessions/" + someID, "", 404},
		} {
			r := d.Ask(c.method, c.path, c.body, "Authorization", token)
			if have < c.need {
				wantError(t, scope+" "+c.method+" "+c.path, r, 403, "forbidden")
			} else if r.Status != c.good {
				t.Errorf("%s %s %s: %d %s", scope, c.method, c.path, r.Status, r.Body)
			}
		}
		for path, need := range map[string]int{
			"/v1/ws": 0, "/v1/ws/telemetry": 0, "/v1/ws/console": 2, "/v1/ws/streams/" + someID + "/metrics": 0, "/v1/ws/streams/" + someID + "/controls": 1,
		} {
			_, r, err := d.TryDial(path, device.DialOptions{Header: map[string][]string{"Authorization": {token}}})
			if (err == nil) != (have >= need) || err != nil && r.StatusCode != 403 {
				t.Errorf("%s %s: %v", scope, path, err)
			}
		}
	}
}

// Design 7: tokens are made, listed and revoked beside a running server.
func TestRevokedToken(t *testing.T) {
	d := start(t)
	token := makeToken(t, d, "phone", "view")
	if r := d.Get("/v1/health", "Authorization", "Bearer "+token); r.Status != 200 {
		t.Errorf("new: %d", r.Status)
	}
	if list := command(t, "token", "list", "--state-dir", d.StateDir); !strings.Contains(list, "phone") || strings.Contains(list, token) {
		t.Errorf("the list is %s", list)
	}
	command(t, "token", "revoke", "phone", "--state-dir", d.StateDir)
	device.Poll(t, "the token to be worthless", func() bool {
		return d.Get("/v1/health", "Authorization", "Bearer "+token).Status == 401
	})
}

// Design 7: failed attempts are limited per user: a guesser locks out himself.
func TestGuessing(t *testing.T) {
	d := start(t)
	var guesses []call
	for range 14 {
		guesses = append(guesses, call{Method: "GET", URL: d.URL + "/v1/health", Header: bearer("hg_guess")})
	}
	guesses = append(guesses, call{Method: "GET", URL: d.URL + "/v1/health", Header: bearer(d.Token())})
	outcomes := visit(t, guesses)
	counts := map[int]int{}
	for _, o := range outcomes[:14] {
		counts[o.Status]++
	}
	if counts[401] < 10 || counts[429] == 0 || counts[401]+counts[429] != 14 || outcomes[0].Status != 401 {
		t.Errorf("14 guesses gave %v", counts)
	}
	if last := outcomes[14]; last.Status != 429 && last.Status != 200 {
		t.Errorf("the right token after that: %+v", last)
	}
	if r := d.Get("/v1/health", "Authorization", "Bearer "+d.Token()); r.Status != 200 {
		t.Errorf("another user is locked out, too: %d %s", r.Status, r.Body)
	}
}
