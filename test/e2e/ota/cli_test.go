package ota

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// heliograph runs the binary and returns its exit code and what it prints.
func heliograph(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0") // the race detector takes a second to end otherwise
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()
}

func must(t *testing.T, args ...string) string {
	t.Helper()
	code, out, said := heliograph(t, args...)
	if code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, code, said)
	}
	return strings.TrimSpace(out)
}

// The whole way on the command line: a key, a device that trusts it, a bundle, an
// update, a restart with the boot loader's hook.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, system, good := filepath.Join(dir, "key.pem"), filepath.Join(dir, "system"), filepath.Join(dir, "good.bundle")
	public := must(t, "ota", "keygen", key)
	writeFile(t, system, image("1", imageBytes))
	make := func(out, kind, key string) {
		must(t, "ota", "bundle", "--key", key, "--image", system, "--compatible", kind, "--version", "1.2", "--build-id", "7", "-o", out)
	}
	make(good, compatible, key)
	writeFile(t, filepath.Join(dir, "slot-a"), image("0", imageBytes))
	opts := device.Options{StateDir: filepath.Join(dir, "state"), Config: "ota:\n  confirm_after: 0s\n  slots: {a: " + dir + "/slot-a, b: " + dir +
		"/slot-b, compatible: " + compatible + ", keys: [" + public + "]}\n"}
	d := device.Start(t, opts)
	server := "--server=" + d.URL

	if out := must(t, "ota", "status", server); !strings.Contains(out, "there was none yet") {
		t.Errorf("status: %s", out)
	}
	url := must(t, "ota", "upload", good, server)
	if !strings.HasPrefix(url, "file:///") {
		t.Errorf("upload prints %q", url)
	}
	var st wire.OtaStateAnswer
	if err := json.Unmarshal([]byte(must(t, "ota", "status", "--json", server)), &st); err != nil || st.State != nil || st.Storage.Uploads.UsageBytes == 0 {
		t.Errorf("status: %+v, %v", st, err)
	}

	foreign, other := filepath.Join(dir, "foreign.pem"), filepath.Join(dir, "other.bundle")
	must(t, "ota", "keygen", foreign)
	make(other, compatible, foreign)
	if code, _, said := heliograph(t, "ota", "apply", other, "--yes", server); code != 1 || !strings.Contains(said, "signature verification failed") {
		t.Errorf("a foreign bundle: %d, %s", code, said)
	}
	if code, _, said := heliograph(t, "ota", "cancel", server); code != 1 || !strings.Contains(said, "no staged update is active") {
		t.Errorf("cancel of nothing: %d, %s", code, said)
	}
	if code, _, said := heliograph(t, "ota", "apply", url, server); code != 2 || !strings.Contains(said, "--yes") {
		t.Errorf("nobody was asked: %d, %s", code, said)
	}

	// It waits for the device, which is not restarted.
	code, out, said := heliograph(t, "ota", "apply", url, "--yes", "--wait", "--timeout", "3s", server)
	if code != 1 || !strings.Contains(said, "not done after 3s") || !strings.Contains(out, "applied; the device must be restarted") || !strings.Contains(out, "is rebooting") {
		t.Errorf("apply: %d, %s, %s", code, out, said)
	}
	d.Stop()
	if slot := must(t, "ota", "select", "--state", filepath.Join(dir, "state/ota/boot")); slot != "b" {
		t.Errorf("slot %q is selected", slot)
	}
	d = device.Start(t, opts)
	until(t, d, wire.StageComplete)
	if out := must(t, "ota", "status", "--server="+d.URL); !strings.Contains(out, "complete") {
		t.Errorf("status: %s", out)
	}
	out = must(t, "ota", "slots", "--server="+d.URL)
	if !regexp.MustCompile(`(?m)^b +runs, next, good +1\.2 +\d{4}-\S+ \S+ +1\.0 MiB +` + regexp.QuoteMeta(dir) + `/slot-b$`).MatchString(out) {
		t.Errorf("slots: %s", out)
	}
	out = must(t, "ota", "history", "--server="+d.URL)
	if lines := strings.Split(out, "\n"); len(lines) != 3 || !strings.Contains(lines[1], " complete ") || !strings.Contains(lines[1], "heliograph ota") ||
		!strings.Contains(lines[2], " rolled back ") || !strings.Contains(lines[2], "signature verification failed") {
		t.Errorf("history: %s", out)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "slot-b")); err != nil || sumOf(data) != sumOf(image("1", imageBytes)) {
		t.Errorf("slot b does not hold the system: %v", err)
	}
}

// A configuration without a key, or with one that cannot be read, does not start.
func TestUntrustedConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	serve := func(slots string) (int, string) {
		writeFile(t, config, []byte("ota: {slots: {a: "+dir+"/a, b: "+dir+"/b, compatible: x, "+slots+"}}\n"))
		code, _, said := heliograph(t, "serve", "--listen", "127.0.0.1:0", "--state-dir", filepath.Join(dir, "state"), "--config", config)
		return code, said
	}
	if code, said := serve("keys: []"); code != 2 || !strings.Contains(said, "ota.slots.keys: give at least one public key") {
		t.Errorf("no key: %d, %s", code, said)
	}
	if code, said := serve("keys: [" + dir + "/none.pem]"); code != 1 || !strings.Contains(said, "ota.slots.keys[0]: read public key: open") {
		t.Errorf("a missing key: %d, %s", code, said)
	}
}
