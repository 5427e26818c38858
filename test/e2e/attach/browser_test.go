package attach

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// chromium returns the path of the browser, which a test must have.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); name != "" && err == nil {
			return path
		}
	}
	t.Fatal("no Chromium: scripts/install-test-deps.sh installs one")
	return ""
}

// browser is a running Chromium without a window.
type browser struct {
	t    *testing.T
	port int
	cmd  *exec.Cmd
	gone chan struct{}
}

// startBrowser starts Chromium at a port; 0 picks a free one.
func startBrowser(t *testing.T, port int) *browser {
	t.Helper()
	b := &browser{t: t, gone: make(chan struct{})}
	profile, err := os.MkdirTemp("", "heliograph-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	b.cmd = exec.Command(chromium(t), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--disable-domain-reliability", "--disable-breakpad", "--metrics-recording-only", "--no-pings", "--disable-dev-shm-usage",
		"--disable-features=OptimizationHints,MediaRouter,Translate", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost , EXCLUDE 127.0.0.1",
		"--remote-debugging-address=127.0.0.1", "--remote-debugging-port="+strconv.Itoa(port), "--user-data-dir="+profile, "about:blank")
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() { // for the kernel the parent is the thread, and its end would be the browser's
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		started <- b.cmd.Start()
		<-b.gone
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.kill)
	device.Poll(t, "the browser to listen", func() bool { return b.listens(profile, port) })
	return b
}

// listens reports whether the debug port is there. The browser writes a file when it
// has picked the port itself.
func (b *browser) listens(profile string, port int) bool {
	if b.port = port; port != 0 {
		resp, err := http.Get(b.url() + "/json/version")
		if err == nil {
			_ = resp.Body.Close()
		}
		return err == nil
	}
	data, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
	line, _, whole := strings.Cut(string(data), "\n")
	if err != nil || !whole {
		return false
	}
	b.port, err = strconv.Atoi(line)
	return err == nil
}

// kill ends the browser at once. Twice is nothing.
func (b *browser) kill() {
	select {
	case <-b.gone:
		return
	default:
	}
	_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
	_ = b.cmd.Wait()
	close(b.gone)
}

func (b *browser) url() string { return fmt.Sprintf("http://127.0.0.1:%d", b.port) }

// ask sends a request to the HTTP side of the debug port.
func (b *browser) ask(method, path string) []byte {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url()+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s %v %s", method, path, resp.Status, err, data)
	}
	return data
}

// tab is a page as a driver has it: a second client beside the one that is tested.
type tab struct {
	t    *testing.T
	ID   string `json:"id"`
	Type string `json:"type"`
	URL  string `json:"url"`
	WS   string `json:"webSocketDebuggerUrl"`

	conn *websocket.Conn
	mu   sync.Mutex
	last int
	wait map[int]chan json.RawMessage
}

// first returns the page that the browser has from the beginning.
func (b *browser) first() *tab {
	b.t.Helper()
	var list []*tab
	device.Poll(b.t, "a page", func() bool {
		list = nil
		if err := json.Unmarshal(b.ask(http.MethodGet, "/json/list"), &list); err != nil {
			b.t.Fatal(err)
		}
		for len(list) > 0 && list[0].Type != "page" {
			list = list[1:]
		}
		return len(list) > 0
	})
	list[0].open(b.t)
	return list[0]
}

// open opens a new page.
func (b *browser) open(address string) *tab {
	b.t.Helper()
	x := &tab{}
	if err := json.Unmarshal(b.ask(http.MethodPut, "/json/new?"+address), x); err != nil {
		b.t.Fatal(err)
	}
	x.open(b.t)
	return x
}

func (b *browser) close(x *tab) { b.ask(http.MethodGet, "/json/close/"+x.ID) }

func (x *tab) open(t *testing.T) {
	t.Helper()
	x.t, x.wait = t, map[int]chan json.RawMessage{}
	conn, _, err := websocket.Dial(t.Context(), x.WS, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(-1)
	x.conn = conn
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			_, data, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			var m struct{ ID int }
			if json.Unmarshal(data, &m) != nil || m.ID == 0 {
				continue
			}
			x.mu.Lock()
			ch := x.wait[m.ID]
			delete(x.wait, m.ID)
			x.mu.Unlock()
			if ch != nil {
				ch <- data
			}
		}
	})
	t.Cleanup(func() { _ = conn.CloseNow(); reading.Wait() })
}

// send sends a command; its answer comes over the channel.
func (x *tab) send(method string, params any) <-chan json.RawMessage {
	x.t.Helper()
	ch := make(chan json.RawMessage, 1)
	x.mu.Lock()
	x.last++
	id := x.last
	x.wait[id] = ch
	x.mu.Unlock()
	data, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		x.t.Fatal(err)
	}
	if err := x.conn.Write(x.t.Context(), websocket.MessageText, data); err != nil {
		x.t.Fatal(err)
	}
	return ch
}

func (x *tab) call(method string, params any) json.RawMessage {
	x.t.Helper()
	select {
	case data := <-x.send(method, params):
		return data
	case <-time.After(device.Patience):
		x.t.Fatalf("%s: no answer", method)
		return nil
	}
}

// eval runs a script in the page, waits for its promise and returns its value as
// JSON.
func (x *tab) eval(script string) string {
	x.t.Helper()
	data := x.call("Runtime.evaluate", map[string]any{
		"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true,
	})
	var answer struct {
		Result struct {
			Result struct{ Value json.RawMessage }
			Wrong  json.RawMessage `json:"exceptionDetails"`
		}
		Error json.RawMessage
	}
	if err := json.Unmarshal(data, &answer); err != nil || answer.Result.Wrong != nil || answer.Error != nil {
		x.t.Fatalf("%s: %v %s", script, err, data)
	}
	return string(answer.Result.Result.Value)
}

// visit loads a page and waits until it is there.
func (x *tab) visit(address string) {
	x.t.Helper()
	x.call("Page.navigate", map[string]any{"url": address})
	device.Poll(x.t, "the page to load", func() bool {
		return x.eval("document.readyState + ' ' + location.href.startsWith("+strconv.Quote(address)+")") == `"complete true"`
	})
}

// freePort returns a port that nothing listens at.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
