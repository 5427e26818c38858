package childenv

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// asking asks the URL of its argument in each way that Node has.
const asking = `
const http = require('node:http');
const url = process.argv[2];
const get = (options) => new Promise((ok, bad) => http.get(url, options, (r) => { let t = ''; r.on('data', (d) => (t += d)); r.on('end', () => ok(t)); }).on('error', bad));
(async () => {
  const agent = new http.Agent({ keepAlive: true });
  const all = [await get({}), await get({ agent }), await get({ agent }), await get({ agent: false })];
  agent.destroy();
  all.push(await (await fetch(url)).text(), await (await fetch(new Request(url))).text());
  console.log(all.join(' '));
})().catch((e) => { console.error(e); process.exit(1); });
`

// proxy is a proxy that knows CONNECT only, and counts.
func proxy(t *testing.T, status string) (address string, count *atomic.Int64) {
	t.Helper()
	count = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer client.Close()
		if r.Method != http.MethodConnect || status != "200" {
			_, _ = io.WriteString(client, "HTTP/1.1 "+status+" no\r\nContent-Length: 0\r\n\r\n")
			return
		}
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			t.Error(err)
			return
		}
		defer up.Close()
		_, _ = io.WriteString(client, "HTTP/1.1 200 fine\r\n\r\n")
		go func() { _, _ = io.Copy(up, client); up.Close() }()
		_, _ = io.Copy(client, up)
	}))
	t.Cleanup(server.Close)
	return server.URL, count
}

func node(t *testing.T, url string, env ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs node: scripts/install-test-deps.sh installs it")
	}
	dir := t.TempDir()
	vars := variables{}
	if err := vars.preload(dir); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "ask.js")
	if err := os.WriteFile(script, []byte(asking), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, script, url)
	cmd.Env = append(append([]string{"PATH=" + os.Getenv("PATH")}, vars...), env...)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func TestPreload(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }))
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	const all = "ok ok ok ok ok ok"
	working, count := proxy(t, "200")
	for _, c := range []struct {
		name  string
		env   []string
		least int64
	}{
		{"all through the proxy", []string{"HTTP_PROXY=" + working}, 4}, // connections are used again
		{"lower case wins", []string{"http_proxy=" + working, "HTTP_PROXY=http://127.0.0.1:1"}, 4},
		{"no proxy for the address", []string{"HTTP_PROXY=" + working, "NO_PROXY=x.test,127.0.0.1:" + port}, 0},
		{"no proxy for another port", []string{"HTTP_PROXY=" + working, "NO_PROXY=127.0.0.1:1"}, 4},
		{"no proxy at all", []string{"HTTP_PROXY=" + working, "NO_PROXY=*"}, 0},
		{"a proxy for https only", []string{"HTTPS_PROXY=" + working}, 0},
		{"a proxy that has gone", []string{"HTTP_PROXY=http://127.0.0.1:1"}, 0},
		{"no proxy is set", nil, 0},
	} {
		count.Store(0)
		out, err := node(t, server.URL, c.env...)
		if err != nil || out != all {
			t.Errorf("%s: %q, %v", c.name, out, err)
		}
		if n := count.Load(); n < c.least || c.least == 0 && n > 0 {
			t.Errorf("%s: %d connections through the proxy", c.name, n)
		}
	}
	refusing, _ := proxy(t, "403")
	if out, err := node(t, server.URL, "HTTP_PROXY="+refusing); err == nil || !strings.Contains(out, "403") {
		t.Errorf("a proxy that refuses: %q", out)
	}
}
