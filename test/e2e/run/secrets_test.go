package run

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// secret returns the n-th of the secrets, each of which is unlike all others.
func secret(n int) string { return fmt.Sprintf("geheim%04dxyz", n) }

// secretive is a shell script that sends secrets in every way, and logs some: the
// number of secrets is returned with it.
func secretive() (script string, count int) {
	var b strings.Builder
	next := func() string { count++; return secret(count - 1) }
	for _, scheme := range []string{"$SECURE", "$PLAIN"} {
		ask := func(format string, args ...any) {
			fmt.Fprintf(&b, "curl -sS -o /dev/null "+format+"\n", args...)
		}
		for _, header := range []string{
			"Authorization: Bearer %s", "Authorization: Basic %s", "Authorization: %s", "Proxy-Authorization: Basic %s", "Cookie: a=%s; session=1",
			"X-Api-Key: %s", "X-Auth-Token: %s", "X-CSRF-Token: %s", "X-Amz-Security-Token: %s", "Private-Token: %s",
		} {
			for range 4 {
				ask(`-H "`+header+`" %s/header`, next(), scheme)
			}
		}
		for _, name := range []string{"token", "access_token", "password", "api_key", "client_secret", "sig", "X-Amz-Signature", "pwd", "jwt", "refresh_token"} {
			for range 2 {
				ask(`"%s/query?page=2&%s=%s"`, scheme, name, next())
			}
			ask(`--data "user=me&%s=%s" %s/form`, name, next(), scheme)
			ask(`-H "Content-Type: application/json" --data '{"user":"me","nested":[{"%s":"%s"}]}' %s/json`, name, next(), scheme)
			ask(`-F "%s=%s" -F user=me %s/multipart`, name, next(), scheme)
		}
		ask(`%s/user`, strings.Replace(scheme, "$", "https://me:"+next()+"@127.0.0.1:1/$", 1)) // nobody listens: the error is told
		ask(`-H "Content-Type: application/xml" --data "<login><password>%s</password></login>" %s/xml`, next(), scheme)
		ask(`-H "Referer: https://u:%s@h.test/" %s/referer`, next(), scheme)
		ask(`--data "Authorization is Bearer %sabcdefgh" %s/text`, next(), scheme)
	}
	for _, format := range []string{"login with password=%s", `{"level":"info","msg":"login","password":"%s"}`, "INFO using Bearer %s", "https://me:%s@h.test/", `{"level":"info","msg":"sent","body":"{\"token\":\"%s\"}"}`} {
		for range 4 {
			fmt.Fprintf(&b, "echo '"+format+"'\n", next())
		}
	}
	b.WriteString("echo done\n")
	return b.String(), count
}

// doors returns everything that can be seen from outside, by name.
func doors(t *testing.T, a *agent) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, path := range []string{"/api/v1/network/requests?limit=500", "/api/v1/logs?limit=1000", "/api/v1/network/requests.har"} {
		r := a.Get(path)
		if r.Status != http.StatusOK {
			t.Errorf("%s: %d", path, r.Status)
		}
		seen[path] = string(r.Body)
	}
	stream := a.Dial("/ws/v1/network?replay=500")
	seen["stream"] = string(stream.Expect("replay").Data)
	var list []struct{ ID string }
	a.get("/api/v1/network/requests?limit=500", &list)
	var details, answers strings.Builder
	for _, e := range list {
		details.Write(a.Get("/api/v1/network/requests/" + e.ID).Body)
		stream.SendJSON(map[string]any{"type": "get_details", "data": map[string]string{"id": e.ID}})
		answers.Write(stream.Expect("details").Data)
	}
	seen["details"], seen["details of the stream"] = details.String(), answers.String()
	logs := a.Dial("/ws/v1/logs?replay=1000")
	seen["log stream"] = string(logs.Expect("replay").Data)
	seen["our own log"] = strings.ReplaceAll(a.Log(), "\n", " ")
	return seen
}

func runSecretive(t *testing.T, args ...string) (a *agent, count int) {
	t.Helper()
	need(t, "curl")
	w := newWorld(t)
	script, count := secretive()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	a = start(t, w, []string{"sh", path}, append([]string{"--stay", "--log-level", "debug"}, args...)...)
	// It starts curl two hundred times, which takes a busy machine its time.
	device.PollFor(t, 3*time.Minute, "the script", func() bool { return strings.HasSuffix(a.Output(), "\ndone\n") })
	a.wait("done")
	a.ended()
	return a, count
}

// 200 secrets are sent and logged: none can be seen, by whatever door.
func TestSecretsAreNotVisible(t *testing.T) {
	a, count := runSecretive(t)
	if count < 200 {
		t.Errorf("only %d secrets were planted", count)
	}
	for door, text := range doors(t, a) {
		if len(text) < 100 {
			t.Errorf("%s shows nothing: %q", door, text)
		}
		for n := range count {
			if at := strings.Index(text, secret(n)); at >= 0 {
				t.Errorf("%s shows secret %d: …%s…", door, n, text[max(0, at-120):min(len(text), at+40)])
			}
		}
	}
	if !strings.Contains(a.Output(), secret(count-1)) {
		t.Error("what is passed on was changed")
	}
}

// With --reveal they can be seen, and that is announced.
func TestReveal(t *testing.T) {
	a, count := runSecretive(t, "--reveal")
	seen := doors(t, a)
	visible := 0
	for n := range count {
		if strings.Contains(seen["details"]+seen["log stream"], secret(n)) {
			visible++
		}
	}
	// Eight are for the proxy, which keeps them to itself, and two are sent in base64.
	if visible != count-10 {
		t.Errorf("%d of %d secrets are visible", visible, count)
	}
	const text = "secrets are shown in what is captured"
	if e := a.wait(text); e.Level != "warning" || e.Source != "framework" {
		t.Errorf("announced as %+v", e)
	}
	device.Poll(t, "the announcement", func() bool { return strings.Contains(a.Log(), text) })
}
