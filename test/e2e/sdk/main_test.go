package sdk

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// appEnv names the program that is looked into.
const appEnv = "HELIOGRAPH_TEST_SDK_APP"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "heliograph-sdk-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	app := filepath.Join(dir, "orders")
	if err := device.Build("github.com/heliograph/heliograph/test/e2e/sdk/app", app); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv(appEnv, app); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return device.Main(m)
}

// shop is the program: a device whose agent is asked, and a server of its own.
type shop struct {
	*device.Device
	t      *testing.T
	orders string
}

func start(t *testing.T) *shop {
	t.Helper()
	d := device.Start(t, device.Options{Program: []string{os.Getenv(appEnv)}})
	_, url, ok := strings.Cut(d.Output(), "orders on ")
	if !ok {
		t.Fatalf("it says %q", d.Output())
	}
	url, _, _ = strings.Cut(url, "\n")
	return &shop{d, t, url}
}

// do asks the program's own server.
func (s *shop) do(method, path, body string) (int, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.orders+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// data returns the member data of a message.
func data(m device.Message) map[string]any {
	d, _ := m.Map()["data"].(map[string]any)
	return d
}
