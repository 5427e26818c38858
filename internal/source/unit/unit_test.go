package unit_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/logline/unitname"
	"github.com/heliograph/heliograph/internal/source/unit"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The machine's own systemctl: either systemd runs and knows its root mount,
// or it does not run and we say so.
func TestRealSystemctl(t *testing.T) {
	t.Parallel()
	reader := unit.New(unit.Options{Timeout: 20 * time.Second})
	states, err := reader.Status(t.Context(), "-.mount", "heliograph-no-such-unit.service")
	if _, statErr := os.Stat("/run/systemd/system"); statErr != nil {
		if !errors.Is(err, topic.ErrNotPresent) || !strings.Contains(err.Error(), "systemd") {
			t.Errorf("without systemd: %v, %v", states, err)
		}
		return
	}
	if err != nil || len(states) != 2 {
		t.Fatalf("got %v, %v", states, err)
	}
	if root := states["-.mount"]; root.LoadState != "loaded" || root.ActiveState != "active" || root.SubState != "mounted" {
		t.Errorf("root mount: %+v", root)
	}
	if none := states["heliograph-no-such-unit.service"]; none.LoadState != "not-found" || none.ActiveState != "inactive" {
		t.Errorf("no such unit: %+v", none)
	}
}

// program makes a systemctl out of a shell script.
func program(t *testing.T, script string) *unit.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "systemctl")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it has to be executable
		t.Fatal(err)
	}
	return unit.New(unit.Options{Command: path, Args: []string{"--user"}, Timeout: 20 * time.Second})
}

// The answer is what systemctl 252 gave for these units.
func TestStatus(t *testing.T) {
	t.Parallel()
	reader := program(t, `
case "$*" in
"--user show --no-pager --property=Id,"*" -- demo.service foo.service -.slice") ;;
*) echo "called with $*" >&2; exit 9;;
esac
cat <<EOF
MainPID=9029
ExecMainStatus=-1
Id=demo.service
Description=Heliograph = demo
LoadState=loaded
ActiveState=active
SubState=running
FragmentPath=/tmp/units/demo.service
UnitFileState=static

MainPID=0
ExecMainStatus=0
Id=foo.service
Description=foo.service
LoadState=not-found
ActiveState=inactive
SubState=dead
FragmentPath=
UnitFileState=

Id=-.slice
Description=Root Slice
LoadState=loaded
ActiveState=active
SubState=active
FragmentPath=
UnitFileState=
EOF`)
	got, err := reader.Status(t.Context(), "demo.service", "foo.service", "-.slice")
	want := map[string]unit.Status{
		"demo.service": {LoadState: "loaded", ActiveState: "active", SubState: "running", UnitFileState: "static", Description: "Heliograph = demo", FragmentPath: "/tmp/units/demo.service", MainPID: 9029, ExecMainStatus: -1},
		"foo.service":  {LoadState: "not-found", ActiveState: "inactive", SubState: "dead", Description: "foo.service"},
		"-.slice":      {LoadState: "loaded", ActiveState: "active", SubState: "active", Description: "Root Slice"},
	}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		unit   string
		is     error
		says   string
	}{
		"no systemd": {"echo \"System has not been booted with systemd as init system (PID 1). Can't operate.\nFailed to connect to bus: Host is down\" >&2; exit 1", "a.service", topic.ErrNotPresent, "booted"},
		"fails":      {"echo on fire >&2; exit 4", "a.service", nil, "exit status 4: on fire"},
		"too few":    {"", "a.service", nil, "answered with 0"},
		"too many":   {"printf 'Id=a\n\nId=b\n'", "a.service", nil, "answered with 2"},
		"too much":   {"while :; do echo Description=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx || exit 1; done", "a.service", nil, "too long"},
		"bad number": {"echo MainPID=x", "a.service", nil, "MainPID"},
		"bad other":  {"echo ExecMainStatus=", "a.service", nil, "ExecMainStatus"},
		"pattern":    {"exit 1", "*.service", unitname.ErrInvalid, "*"},
		"option":     {"exit 1", "--root=/x.service", unitname.ErrInvalid, "--root"},
	} {
		got, err := program(t, c.script).Status(t.Context(), c.unit)
		if err == nil || got != nil || !strings.Contains(err.Error(), c.says) || (c.is != nil && !errors.Is(err, c.is)) || (c.is == nil && errors.Is(err, topic.ErrNotPresent)) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	missing := unit.New(unit.Options{Command: "heliograph-no-such-systemctl"})
	if _, err := missing.Status(t.Context(), "a.service"); !errors.Is(err, topic.ErrNotPresent) {
		t.Errorf("not installed: %v", err)
	}
	if got, err := missing.Status(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("no units: %v, %v", got, err)
	}
}

// A systemd that does not answer is given up, with all that was started.
func TestTimeout(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "systemctl")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntrap '' TERM; sleep 1000 & wait\n"), 0o700); err != nil { //nolint:gosec // it has to be executable
		t.Fatal(err)
	}
	reader := unit.New(unit.Options{Command: script, Timeout: 50 * time.Millisecond})
	if _, err := reader.Status(t.Context(), "a.service"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	errGone := errors.New("gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errGone)
	if _, err := reader.Status(ctx, "a.service"); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}
