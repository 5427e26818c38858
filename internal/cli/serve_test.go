package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

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
