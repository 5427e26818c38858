package faults

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// smallDisk mounts a file system of half a megabyte and returns a directory on
// it, for the state.
func smallDisk(t *testing.T) string {
	t.Helper()
	needRoot(t)
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=512k,mode=0700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return filepath.Join(dir, "state")
}

// fill writes until the disk of a directory is full, and returns how to free it.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); errors.Is(err, syscall.ENOSPC) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

type change struct {
	Seq      uint64 `json:"seq"`
	Revision uint64 `json:"revision"`
	Request  string `json:"request_id"`
}

// nextChange returns the next change on a socket of updates.
func nextChange(t *testing.T, s *device.Socket) change {
	t.Helper()
	m := s.Find("a change", func(m device.Message) bool { return m.Type() == "change" })
	var message struct{ Event change }
	if err := json.Unmarshal(m.Data, &message); err != nil {
		t.Fatal(err)
	}
	return message.Event
}

// A full disk under the change journal: changes are made and told as before,
// the log says once that they are not written, and once that they are again;
// then nothing is missing in the file, and revisions go on rising after a
// restart.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	state := smallDisk(t)
	d := device.Start(t, device.Options{StateDir: state})
	s := d.Dial("/v1/ws/updates")
	s.Expect("ready")
	var last change
	changes := 0
	mutate := func(n int) {
		t.Helper()
		for range n {
			changes++
			id := fmt.Sprintf("request-%d", changes)
			if r := d.Ask("DELETE", "/v1/errors", "", "X-Request-Id", id); r.Status != 204 {
				t.Fatalf("%d %s", r.Status, r.Body)
			}
			now := nextChange(t, s)
			if now.Request != id || now.Seq != uint64(changes) || changes > 1 && now.Revision != last.Revision+1 {
				t.Fatalf("%+v came after %+v", now, last)
			}
			last = now
		}
	}
	mutate(3)
	device.Poll(t, "the journal to be written", func() bool { return saved(t, state) == 3 })
	free := fill(t, state)
	mutate(100)
	device.Poll(t, "the log to tell of it", func() bool { return strings.Contains(d.Log(), "change journal not written") })
	d.Token() // works from memory
	if r := d.Post("/auth/session", `{"token":"`+d.Token()+`"}`, "X-Forwarded-For", "192.0.2.1"); r.Status != 200 {
		t.Errorf("nobody can log in while the disk is full: %d %s", r.Status, r.Body)
	}
	refuseToken(t, state)
	free()
	device.Poll(t, "the log to tell that it works again", func() bool { return strings.Contains(d.Log(), "change journal works again") })
	mutate(3)
	d.Stop()
	if n := saved(t, state); n != changes {
		t.Errorf("the file has %d changes, want %d", n, changes)
	}
	if n := strings.Count(d.Log(), "change journal not written"); n != 1 {
		t.Errorf("the log told it %d times", n)
	}

	d = device.Start(t, device.Options{StateDir: state})
	s = d.Dial("/v1/ws/updates")
	s.Expect("ready")
	d.Ask("DELETE", "/v1/errors", "")
	if now := nextChange(t, s); now.Seq != 1 || now.Revision <= last.Revision {
		t.Errorf("after the restart: %+v, before: %+v", now, last)
	}
}

// saved returns how many of the tests' changes are in the file.
func saved(t *testing.T, state string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(state, "changes.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), `"request-`)
}

// refuseToken checks that a token that cannot be stored is not handed out, and
// that the stored ones are not hurt.
func refuseToken(t *testing.T, state string) {
	t.Helper()
	before, err := os.ReadFile(filepath.Join(state, "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "token", "create", "late", "--state-dir", state).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || len(out) > 0 || !strings.Contains(string(exit.Stderr), "no space left") {
		t.Errorf("a token on a full disk: %v, %q", err, out)
	}
	if after, err := os.ReadFile(filepath.Join(state, "tokens.json")); err != nil || string(after) != string(before) {
		t.Errorf("the tokens were changed: %v", err)
	}
}

// The first start on a full disk fails with a reason: there would be no token to
// come back with.
func TestFirstStartOnFullDisk(t *testing.T) {
	t.Parallel()
	state := smallDisk(t)
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	fill(t, state)
	code, _, said := serve(t, "--state-dir", state)
	if code != 1 || !strings.Contains(said, "no space left") {
		t.Errorf("exit code %d: %s", code, said)
	}
}

// A state directory that others may write to is refused: who can write there can
// let himself in.
func TestUnsafeStateDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	appendText(t, file, "x")
	for path, reason := range map[string]string{dir: dir, file: file, "/proc/nosuch/state": "/proc/nosuch"} {
		if code, _, said := serve(t, "--state-dir", path); code != 1 || !strings.Contains(said, reason) || strings.Contains(said, "goroutine") {
			t.Errorf("%s: exit code %d: %s", path, code, said)
		}
	}
}
