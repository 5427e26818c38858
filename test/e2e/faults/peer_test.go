package faults

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// holderEnv makes this test's program a client that holds WebSockets open: it
// names their URLs. It prints a line when all are open.
const holderEnv = "HELIOGRAPH_E2E_HOLDER"

// tokenEnv holds the token that the client shows.
const tokenEnv = "HELIOGRAPH_E2E_TOKEN"

// holdConnections is the main of that client. It ends with its standard input.
func holdConnections() int {
	options := &websocket.DialOptions{HTTPHeader: http.Header{}}
	if token := os.Getenv(tokenEnv); token != "" {
		options.HTTPHeader.Set("Authorization", "Bearer "+token)
	}
	for _, url := range strings.Fields(os.Getenv(holderEnv)) {
		conn, answer, err := websocket.Dial(context.Background(), url, options)
		if err != nil {
			status := 0
			if answer != nil {
				status = answer.StatusCode
			}
			fmt.Printf("refused with %d: %v\n", status, err)
			return 1
		}
		conn.SetReadLimit(-1)
		go func() {
			for {
				if _, _, err := conn.Read(context.Background()); err != nil {
					return
				}
			}
		}()
	}
	fmt.Println("open")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	return 0
}

// hold starts the client, by way of a command if there is one, and returns it and
// the line that it printed.
func hold(t *testing.T, token string, urls []string, by ...string) (*exec.Cmd, string) {
	t.Helper()
	command := append(by, "/proc/self/exe")
	if own, err := os.Executable(); err == nil {
		command[len(by)] = own
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), holderEnv+"="+strings.Join(urls, " "), tokenEnv+"="+token)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// channelURLs are one socket of each kind that stays open by itself.
func channelURLs(base string) (urls []string) {
	for _, path := range []string{"", "/telemetry", "/processes", "/devices", "/updates", "/imu", "/sensors", "/console"} {
		urls = append(urls, strings.Replace(base, "http", "ws", 1)+"/v1/ws"+path)
	}
	return urls
}

// Two peers of which nothing tells that they are gone: a client that is stopped,
// whose kernel acknowledges what is sent, and one whose network has vanished. Both
// are dropped after 60 s without a sign of life, their subscriptions are given
// back, and their shells survive.
func TestSilentPeers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	needRoot(t)
	t.Parallel()
	stopped, stoppedBefore := stopClient(t)
	cut, cutBefore := cutNetwork(t)
	began := time.Now()
	checkDropped(t, stopped, stoppedBefore, began)
	checkDropped(t, cut, cutBefore, began)
}

// stopClient starts a server and a client of all its channels, which is stopped.
func stopClient(t *testing.T) (*device.Device, usage) {
	t.Helper()
	d := start(t)
	d.Dial("/v1/ws/telemetry").Next() // so that sources and keep-alive have run
	before := idleWith(t, d, 1)
	client, line := hold(t, "", channelURLs(d.URL))
	if line != "open" {
		t.Fatal(line)
	}
	if err := client.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	return d, before
}

// idleWith waits until n WebSockets are open and returns what is in use.
func idleWith(t *testing.T, d *device.Device, n float64) (u usage) {
	t.Helper()
	device.Poll(t, "the connections to be counted", func() bool { u = measure(t, d); return u.Connections == n })
	return u
}

// checkDropped waits until all but one WebSocket are gone, for being silent.
func checkDropped(t *testing.T, d *device.Device, before usage, began time.Time) {
	t.Helper()
	device.PollFor(t, 100*time.Second, "the peers to be dropped", func() bool {
		return measure(t, d).Connections == before.Connections
	})
	if took := time.Since(began); took < 50*time.Second {
		t.Errorf("dropped after %v, want 60 s", took)
	}
	if n, want := metrics(t, d)["heliograph_websocket_silent_total"], len(channelURLs("")); int(n) != want {
		t.Errorf("%v peers were dropped for being silent, want %d", n, want)
	}
	var list struct {
		Sessions []struct {
			Closed  bool
			Clients int `json:"client_count"`
		}
	}
	d.JSON(d.Get("/v1/console/sessions"), &list)
	if len(list.Sessions) != 1 || list.Sessions[0].Closed || list.Sessions[0].Clients != 0 {
		t.Errorf("the shells are %+v", list.Sessions)
	}
	device.Poll(t, "the subscriptions to be given back", func() bool { return measure(t, d).Subscribers <= before.Subscribers })
}

// cutNetwork starts a server in a network of its own and a client of all its
// channels in another one, and cuts the line between them. On the way it checks
// that whoever comes from another address needs the token.
func cutNetwork(t *testing.T) (*device.Device, usage) {
	t.Helper()
	d := device.Start(t, device.Options{
		Listen: []string{"0.0.0.0:0"}, OwnNetwork: true,
		Wrap: []string{"unshare", "--net", "--", "sh", "-c", `ip link set lo up; exec "$@"`, "sh"},
	})
	// The client's network is that of a process which does nothing else.
	other := exec.Command("unshare", "--net", "--", "sleep", "1000")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	server, client := fmt.Sprint(d.Pid()), fmt.Sprint(other.Process.Pid)
	device.Poll(t, "the client's network", func() bool {
		own, _ := os.Readlink("/proc/self/ns/net")
		now, _ := os.Readlink("/proc/" + client + "/ns/net")
		return now != "" && now != own
	})
	run(t, "ip", "link", "add", "hgserver", "netns", server, "type", "veth", "peer", "name", "hgclient", "netns", client)
	for _, end := range [][3]string{{server, "hgserver", "192.0.2.1/24"}, {client, "hgclient", "192.0.2.2/24"}} {
		run(t, "nsenter", "-t", end[0], "-n", "ip", "addr", "add", end[2], "dev", end[1])
		run(t, "nsenter", "-t", end[0], "-n", "ip", "link", "set", end[1], "up")
	}
	d.Dial("/v1/ws/telemetry").Next()
	before := idleWith(t, d, 1)
	_, port, err := net.SplitHostPort(d.Addr())
	if err != nil {
		t.Fatal(err)
	}
	urls := channelURLs("http://192.0.2.1:" + port)
	inside := []string{"nsenter", "-t", client, "-n", "--"}
	for _, token := range []string{"", "hg_wrong"} {
		if _, line := hold(t, token, urls, inside...); !strings.HasPrefix(line, "refused with 401") {
			t.Errorf("with the token %q: %s", token, line)
		}
	}
	if _, line := hold(t, d.Token(), urls, inside...); line != "open" {
		t.Fatal(line)
	}
	run(t, "nsenter", "-t", client, "-n", "ip", "link", "set", "hgclient", "down")
	return d, before
}

// One client of the multiplexed socket reads nothing: it is closed with 1013
// after ten seconds, since it would lose lines of a log, and nobody else notices.
func TestStalledMultiplexedClient(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "long.log")
	appendText(t, path, strings.Repeat(strings.Repeat("x", 4000)+"\n", 2000))
	d := start(t, "--log-file", path)
	stalled := d.DialWith("/v1/ws", device.DialOptions{Manual: true, ReceiveBuffer: 4096})
	for cmd, payload := range map[string]string{
		"device.telemetry": `{"interval_ms":250}`, "processes.stream": `{"interval_ms":250}`,
		"logs.stream": `{"source":"file:` + path + `","lines":2000}`, "console.session": `{"type":"input","data":"yes\n"}`,
	} {
		stalled.Send(envelope(cmd, payload))
	}
	fast := d.Dial("/v1/ws")
	fast.Send(envelope("device.telemetry", `{"interval_ms":250}`))
	fast.Send(envelope("logs.stream", `{"source":"file:`+path+`","lines":0}`))
	fast.Find("the log", func(m device.Message) bool {
		payload, _ := m.Map()["payload"].(map[string]any)
		return payload["type"] == "ready"
	})
	// In parallel with the stall the other client gets each line promptly.
	lines, peak := 0, int64(0)
	device.PollFor(t, 2*device.Patience, "the stalled client to be dropped", func() bool {
		lines++
		appendText(t, path, fmt.Sprintf("number %d\n", lines))
		fast.Find("its line", func(m device.Message) bool {
			payload, _ := m.Map()["payload"].(map[string]any)
			return payload["line"] == fmt.Sprintf("number %d", lines)
		})
		peak = max(peak, d.RSS())
		return metrics(t, d)["heliograph_websocket_slow_total"] == 1
	})
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	var err error
	for err == nil {
		_, err = stalled.Read(ctx)
	}
	if code := websocket.CloseStatus(err); code != 1013 {
		t.Errorf("closed with %v", err)
	}
	t.Logf("%d lines meanwhile, %d MiB at most", lines, peak>>20)
	if limit := int64(160 << 20); peak > limit && !device.Race {
		t.Errorf("memory grew to %d MiB", peak>>20)
	}
	fast.Ping()
}

func appendText(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}
