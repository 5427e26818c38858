package appcli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// program is what the tests look into: it serves and asks itself, logs, fails and
// works, until SIGTERM.
const program = `
import http.server, json, logging, signal, sys, threading, time, urllib.request

class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps({"accepted": [1, 2]}).encode()
        self.send_response(201)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(name)s:%(message)s")
n = 0
while True:
    n += 1
    print("round %d" % n, flush=True)
    logging.getLogger("shop").debug("detail %d", n)
    try:
        [][n]
    except IndexError:
        logging.getLogger("shop").exception("no such item")
    request = urllib.request.Request("http://127.0.0.1:%d/orders?token=hush" % server.server_port,
        data=b'{"sku":"A-1"}', headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request).read()
    time.sleep(0.2)
`

// start runs the program under the agent.
func start(t *testing.T, listen ...string) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{Run: []string{"python3", "-u", "-c", program}, Listen: listen})
}

// result is what a verb did.
type result struct {
	code     int
	out, err string
}

func command(t *testing.T, url string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, append([]string{"app"}, args...)...)
	cmd.Env = append(os.Environ(), "HELIOGRAPH_AGENT="+url)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// app runs a verb to its end.
func app(t *testing.T, url string, args ...string) result {
	t.Helper()
	cmd := command(t, url, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit code says it
	return result{cmd.ProcessState.ExitCode(), out.String(), errs.String()}
}

// ok runs a verb that must succeed and say nothing on standard error.
func ok(t *testing.T, url string, args ...string) string {
	t.Helper()
	r := app(t, url, args...)
	if r.code != 0 || r.err != "" {
		t.Fatalf("app %v: exit code %d, stderr %q", args, r.code, r.err)
	}
	return r.out
}

// objects reads JSON lines.
func objects(t *testing.T, text string) (list []map[string]any) {
	t.Helper()
	for l := range strings.Lines(text) {
		var o map[string]any
		if err := json.Unmarshal([]byte(l), &o); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		list = append(list, o)
	}
	return list
}

// A following is a verb that goes on.
type following struct {
	t         *testing.T
	cmd       *exec.Cmd
	out, errs output
}

type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func followed(t *testing.T, url string, args ...string) *following {
	t.Helper()
	f := &following{t: t, cmd: command(t, url, args...)}
	f.cmd.Stdout, f.cmd.Stderr = &f.out, &f.errs
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if f.cmd.ProcessState == nil {
			_ = f.cmd.Process.Kill()
			_ = f.cmd.Wait()
		}
	})
	return f
}

// sees waits for a text in the output.
func (f *following) sees(text string) {
	f.t.Helper()
	device.Poll(f.t, text, func() bool { return strings.Contains(f.out.String(), text) })
}

// stop ends the verb by a signal, which must be a success.
func (f *following) stop(signal os.Signal) {
	f.t.Helper()
	if err := f.cmd.Process.Signal(signal); err != nil {
		f.t.Fatal(err)
	}
	if err := f.cmd.Wait(); err != nil {
		f.t.Errorf("%v, stderr %q", err, f.errs.String())
	}
}
