package run

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// world is what programs talk to: a server with TLS and one without.
type world struct {
	secure, plain *httptest.Server
	ca            string // file

	mu  sync.Mutex
	got []string // "POST /path body", in order
}

// newWorld starts the servers. They answer with what they were sent.
func newWorld(t *testing.T) *world { return newWorldAt(t, "127.0.0.1") }

// newWorldAt starts them at an address of this machine.
func newWorldAt(t *testing.T, address string) *world {
	t.Helper()
	w := &world{ca: filepath.Join(t.TempDir(), "ca.pem")}
	h := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.got = append(w.got, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body)))
		w.mu.Unlock()
		rw.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(rw, `{"path":%q,"got":%q}`, r.URL.Path, body)
	})
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	w.secure = &httptest.Server{Listener: l, Config: &http.Server{Handler: h}}
	w.secure.EnableHTTP2 = true
	cert := newCertificate(t, address)
	w.secure.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	w.secure.StartTLS()
	t.Cleanup(w.secure.Close)
	w.plain = httptest.NewServer(h)
	t.Cleanup(w.plain.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})
	if err := os.WriteFile(w.ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return w
}

// newCertificate makes a certificate for this machine that signs itself.
func newCertificate(t *testing.T, address string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.ParseIP(address)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (w *world) env() []string {
	return []string{"SECURE=" + w.secure.URL, "PLAIN=" + w.plain.URL, "TMPDIR=" + filepath.Dir(w.ca)}
}

func (w *world) requests() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.got...)
}

// agent is a running heliograph run.
type agent struct {
	*device.Device
	t *testing.T
}

func start(t *testing.T, w *world, command []string, args ...string) *agent {
	t.Helper()
	return &agent{device.Start(t, device.Options{Args: append([]string{"--upstream-ca", w.ca}, args...), Env: w.env(), Run: command}), t}
}

func (a *agent) get(path string, v any) {
	a.t.Helper()
	r := a.Get(path)
	if r.Status != http.StatusOK {
		a.t.Fatalf("%s: %d %s", path, r.Status, r.Body)
	}
	a.JSON(r, v)
}

// logs returns the log entries, oldest first.
func (a *agent) logs() []wire.LogEntry {
	a.t.Helper()
	var list []wire.LogEntry
	a.get("/api/v1/logs?limit=1000", &list)
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list
}

// wait waits until an entry with the message is there, and returns it.
func (a *agent) wait(message string) (found wire.LogEntry) {
	a.t.Helper()
	device.Poll(a.t, fmt.Sprintf("the entry %q", message), func() bool {
		for _, e := range a.logs() {
			if e.Message == message {
				found = e
				return true
			}
			if strings.HasPrefix(e.Message, "failed") {
				a.t.Fatalf("the program says %+v", e)
			}
		}
		return false
	})
	return found
}

// ended waits until the program has ended, so that the end of the test, which is a
// signal, does not end it. It is for tests with --stay.
func (a *agent) ended() {
	a.t.Helper()
	device.Poll(a.t, "the end of the program", func() bool {
		var status wire.AgentStatus
		a.get("/api/v1/agent/status", &status)
		return !status.Running
	})
}

// exchange returns the details of the only captured exchange of a path.
func (a *agent) exchange(path string) (x wire.NetworkRequestDetail) {
	a.t.Helper()
	var list []wire.NetworkRequestSummary
	a.get("/api/v1/network/requests?limit=500", &list)
	id := ""
	for _, e := range list {
		if e.Path != path {
			continue
		}
		if id != "" {
			a.t.Errorf("%s was captured twice", path)
		}
		id = e.ID
	}
	if id == "" {
		a.t.Errorf("%s was not captured; there are %v", path, list)
		return x
	}
	a.get("/api/v1/network/requests/"+url.PathEscape(id), &x)
	return x
}

// result is what became of a command line.
type result struct {
	code     int
	out, err string
}

// launched is a command line that runs.
type launched struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err safe
}

// safe is a buffer for several goroutines.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safe) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// launch starts heliograph run in a process group of its own, as a shell does.
func launch(t *testing.T, stdin io.Reader, args ...string) *launched {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	l := &launched{t: t, cmd: exec.Command(path, append([]string{"run", "--listen", "127.0.0.1:0", "--announce", "none"}, args...)...)}
	l.cmd.Stdin, l.cmd.Stdout, l.cmd.Stderr = stdin, &l.out, &l.err
	l.cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	l.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	l.cmd.WaitDelay = 5 * time.Second
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Kill(-l.cmd.Process.Pid, syscall.SIGKILL) })
	return l
}

func (l *launched) wait() result {
	l.t.Helper()
	timeout := time.AfterFunc(device.Patience, func() { _ = syscall.Kill(-l.cmd.Process.Pid, syscall.SIGKILL) })
	defer timeout.Stop()
	_ = l.cmd.Wait() // the state has it
	if strings.Contains(l.err.String(), "DATA RACE") {
		l.t.Errorf("the race detector speaks:\n%s", l.err.String())
	}
	return result{l.cmd.ProcessState.ExitCode(), l.out.String(), l.err.String()}
}

// says waits until standard output has a text.
func (l *launched) says(text string) {
	l.t.Helper()
	device.Poll(l.t, fmt.Sprintf("%q on standard output", text), func() bool { return strings.Contains(l.out.String(), text) })
}

func need(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("this test needs %s: scripts/install-test-deps.sh installs it", program)
	}
	return path
}

func decode(t *testing.T, data []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
