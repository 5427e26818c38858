package journald_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/testkit/journald"
)

func read(t *testing.T, j *journald.Journal, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "journalctl", append(j.Args(), append(args, "-o", "cat", "-q")...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func TestJournal(t *testing.T) {
	var namespace string
	t.Run("life", func(t *testing.T) {
		j := journald.Start(t)
		namespace = j.Namespace()
		j.Log(4, "first")
		j.LogUnit("demo.service", "of a unit")
		j.Rotate()
		j.Kill()
		j.Resume()
		j.Log(4, "last")
		if got := read(t, j, "-t", "heliotest"); got != "first\nof a unit\nlast" {
			t.Errorf("got %q", got)
		}
		if got := read(t, j, "--unit=demo.service"); got != "of a unit" {
			t.Errorf("got %q", got)
		}
		j.Rotate()
		j.Vacuum()
	})
	if t.Failed() || namespace == "" {
		return
	}
	for _, pattern := range []string{"/run/systemd/*" + namespace + "*", "/run/log/journal/*" + namespace, "/var/log/journal/*" + namespace} {
		if left, _ := filepath.Glob(pattern); left != nil {
			t.Errorf("left behind: %s", left)
		}
	}
	if _, err := os.Stat("/run/systemd"); err != nil {
		t.Error(err)
	}
}
