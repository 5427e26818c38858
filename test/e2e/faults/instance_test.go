package faults

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// serve runs a server that is expected to end by itself.
func serve(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if ctx.Err() != nil {
		t.Fatalf("%v: it goes on: %s%s", args, stdout, stderr.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(stdout), stderr.String()
}

// A second instance on the same port ends with code 1, names the port and what to
// do, and leaves the first one alone; so does one on the same state directory,
// which names the process that has it.
func TestSecondInstance(t *testing.T) {
	t.Parallel()
	d := start(t)
	s := d.Dial("/v1/ws/telemetry?interval_ms=250")
	s.Next()
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--state-dir", filepath.Join(t.TempDir(), "other"), "--listen", d.Addr()}, []string{d.Addr(), "in use", "--listen"}},
		{[]string{"--state-dir", d.StateDir}, []string{d.StateDir, fmt.Sprint(d.Pid())}},
	} {
		code, out, said := serve(t, c.args...)
		if code != 1 || strings.Contains(out, "listening") || strings.Contains(out, "token") {
			t.Errorf("%v: exit code %d, %s", c.args, code, out)
		}
		for _, want := range c.want {
			if !strings.Contains(said, want) {
				t.Errorf("%v: %q is not told: %s", c.args, want, said)
			}
		}
		if strings.Count(strings.TrimSpace(said), "\n") > 0 {
			t.Errorf("%v: more than one sentence: %s", c.args, said)
		}
	}
	s.Next()
	if r := d.Get("/v1/health", "Authorization", "Bearer "+d.Token()); r.Status != 200 {
		t.Errorf("the first one is hurt: %d", r.Status)
	}
	d.Stop() // and ends as it should
}

// A server that is killed leaves no shell behind, gives the state directory
// free, keeps its tokens, and hands out higher revisions in its next life.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	state, last := filepath.Join(t.TempDir(), "state"), change{}
	token := ""
	for life := range 4 {
		d := device.Start(t, device.Options{StateDir: state})
		if life == 0 {
			token = d.Token()
		} else if strings.Contains(d.Output(), "token") {
			t.Errorf("life %d made a token of its own", life)
		}
		if r := d.Get("/v1/health", "Authorization", "Bearer "+token); r.Status != 200 {
			t.Errorf("life %d does not know the token: %d", life, r.Status)
		}
		s := d.Dial("/v1/ws/updates")
		s.Expect("ready")
		shell := d.Dial("/v1/ws/console")
		shell.Expect("ready")
		shell.SendBinary([]byte("cat\n"))
		for i := range 25 {
			d.Ask("DELETE", "/v1/errors", "")
			now := nextChange(t, s)
			if now.Revision <= last.Revision || now.Seq != uint64(i+1) {
				t.Fatalf("life %d: %+v came after %+v", life, now, last)
			}
			last = now
		}
		if err := syscall.Kill(d.Pid(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		device.Poll(t, "the shell to end with its terminal", func() bool { return len(d.Leftovers()) == 0 })
		d.Kill() // collects it
	}
}
