package faults

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func start(t *testing.T, args ...string) *device.Device {
	t.Helper()
	return device.Start(t, device.Options{Args: args})
}

// metrics returns the server's metrics by name, with labels.
func metrics(t testing.TB, d *device.Device) map[string]float64 {
	t.Helper()
	m := map[string]float64{}
	for line := range strings.Lines(string(d.Get("/metrics").Body)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(line, "#") {
			m[name] = n
		}
	}
	return m
}

// usage is what clients may leave behind.
type usage struct {
	Connections, Subscribers, Goroutines float64
	Files                                int
	RSS                                  int64
}

func (u usage) String() string {
	return fmt.Sprintf("%v connections, %v subscribers, %v goroutines, %d files, %d KiB", u.Connections, u.Subscribers, u.Goroutines, u.Files, u.RSS>>10)
}

// measure returns what is in use now.
func measure(t testing.TB, d *device.Device) usage {
	t.Helper()
	m := metrics(t, d)
	u := usage{Connections: m["heliograph_websocket_connections"], Goroutines: m["go_goroutines"], Files: len(d.Files()), RSS: d.RSS()}
	for name, value := range m {
		if strings.HasPrefix(name, "heliograph_topic_subscribers") {
			u.Subscribers += value
		}
	}
	return u
}

// idle waits until no WebSocket has been open for as long as a source lingers,
// and returns what is in use then. The question for the metrics takes goroutines
// of its own; the fewest that were seen are those of the server.
func idle(t testing.TB, d *device.Device) (u usage) {
	t.Helper()
	const linger = 3 * time.Second
	since := time.Now()
	device.PollFor(t, 2*device.Patience, "the server to be idle", func() bool {
		now := measure(t, d)
		if now.Files != u.Files || now.Connections+now.Subscribers > 0 {
			since, u = time.Now(), now
		}
		u.Goroutines, u.RSS = min(u.Goroutines, now.Goroutines), now.RSS
		u.Connections, u.Subscribers = now.Connections, now.Subscribers
		return time.Since(since) > linger
	})
	return u
}

// checkSame fails the test unless what is in use is what was in use before.
func checkSame(t testing.TB, d *device.Device, before usage, memory int64) {
	t.Helper()
	var now usage
	device.PollFor(quietly{t}, 2*device.Patience, "everything to be given back", func() bool {
		now = measure(t, d)
		return now.Connections == 0 && now.Subscribers <= before.Subscribers && now.Goroutines <= before.Goroutines &&
			now.Files <= before.Files && now.RSS <= before.RSS+memory
	})
	t.Logf("before: %v", before)
	t.Logf("after:  %v", now)
}

// quietly makes a fatal failure an ordinary one.
type quietly struct{ testing.TB }

func (q quietly) Fatalf(format string, args ...any) { q.Helper(); q.Errorf(format, args...) }

// needRoot skips a test that needs namespaces or mounts.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs root")
		}
		t.Skip("needs root")
	}
}

// run runs a command that must succeed.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return string(out)
}

// envelope is a request on the multiplexed socket; payload is JSON or empty.
func envelope(cmd, payload string) string {
	if payload != "" {
		payload = `"payload":` + payload + ","
	}
	return fmt.Sprintf(`{"cmd":%q,%s"sent-at":%q}`, cmd, payload, time.Now().UTC().Format(time.RFC3339Nano))
}
