package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/app"
)

func TestUnknownSimulation(t *testing.T) {
	o := serveOptions{}
	o.settings.Simulate = []string{"imu", "warp-drive"}
	if _, err := o.config(); err == nil || !strings.Contains(err.Error(), "warp-drive") || exitCode(err) != ExitUsage {
		t.Errorf("got %v", err)
	}
	o.settings.Simulate = app.Simulations()
	if _, err := o.config(); err != nil {
		t.Errorf("what is listed is refused: %v", err)
	}
}

func TestKeptByJournal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var stat unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	same := fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
	for _, tt := range []struct {
		stream string
		want   bool
	}{{same, true}, {"", false}, {"1:2", false}, {same + "0", false}} {
		getenv := func(string) string { return tt.stream }
		if got := keptByJournal(f, getenv); got != tt.want {
			t.Errorf("JOURNAL_STREAM=%q: %v", tt.stream, got)
		}
	}
	if keptByJournal(new(bytes.Buffer), func(string) string { return same }) {
		t.Error("a buffer is no journal")
	}
}
