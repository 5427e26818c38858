package changelog

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// fullDisk mounts a disk of 64 KiB and returns its directory and how to fill
// and free it.
func fullDisk(t *testing.T) (dir string, fill, free func()) {
	t.Helper()
	dir = t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skipf("mounting needs root: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.OpenFile(ballast, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		for err == nil {
			_, err = f.Write(make([]byte, 512))
		}
		if !errors.Is(err, unix.ENOSPC) {
			t.Fatal(err)
		}
	}
	return dir, fill, func() { _ = os.Remove(ballast) }
}

func TestFullDiskAndRecovery(t *testing.T) {
	dir, fill, free := fullDisk(t)
	synctest.Test(t, func(t *testing.T) {
		l := mustOpen(t, Options{Dir: dir})
		want := []Event{l.Record(put("a"))}
		fill()
		for range 100 { // the last block has room for a few
			want = append(want, l.Record(put("a")))
		}
		h := l.Health()
		if h.Durable || !errors.Is(h.Err, unix.ENOSPC) || h.Unsaved < 50 || h.Since.IsZero() || h.Lost != 0 {
			t.Fatalf("health %+v", h)
		}
		<-time.After(2 * retryDelay) // attempts that fail
		if now := l.Health(); now.Durable || now.Unsaved != h.Unsaved || !now.Since.Equal(h.Since) {
			t.Fatalf("health %+v, then %+v", h, now)
		}
		free()
		<-time.After(2 * retryDelay)
		if h := l.Health(); !h.Durable || h.Err != nil || h.Unsaved != 0 || !h.Since.IsZero() {
			t.Fatalf("health after there is room %+v", h)
		}
		want = append(want, l.Record(put("a")))
		checkOrder(t, want)
		mustClose(t, l)
		l = mustOpen(t, Options{Dir: dir})
		if got := l.Recent(-1); !reflect.DeepEqual(got, want) {
			t.Errorf("%d entries in the file, want %d", len(got), len(want))
		}
		mustClose(t, l)
	})
}

func TestFullDiskAcrossRestarts(t *testing.T) {
	dir, fill, free := fullDisk(t)
	l := mustOpen(t, Options{Dir: dir, Now: at(10_000)})
	last := l.Record(put("a"))
	mustClose(t, l)
	fill()
	// The clock stands still, the journal takes nothing, and still no revision
	// repeats: the mark is written in place.
	for i := range 5 {
		l := mustOpen(t, Options{Dir: dir, Now: at(10_000)})
		for range 50 {
			e := l.Record(put("a"))
			if e.Revision <= last.Revision {
				t.Fatalf("restart %d: revision %d after %d", i, e.Revision, last.Revision)
			}
			last = e
		}
		if err := l.Close(); !errors.Is(err, unix.ENOSPC) {
			t.Fatalf("close: %v", err)
		}
	}
	free()
	l = mustOpen(t, Options{Dir: dir, Now: at(10_000)})
	if e := l.Record(put("a")); e.Revision <= last.Revision || !l.Health().Durable {
		t.Errorf("revision %d after %d, health %+v", e.Revision, last.Revision, l.Health())
	}
}

func TestFirstStartOnAFullDisk(t *testing.T) {
	dir, fill, _ := fullDisk(t)
	fill()
	began := time.Now().UnixMilli()
	l := mustOpen(t, Options{Dir: dir})
	if e := l.Record(put("a")); e.Seq != 1 || e.Revision < uint64(began) {
		t.Errorf("got %+v", e)
	}
	if h := l.Health(); h.Durable || !errors.Is(h.Err, unix.ENOSPC) || h.Unsaved != 1 {
		t.Errorf("health %+v", h)
	}
}

func TestWaitingEntriesAreBounded(t *testing.T) {
	dir, fill, _ := fullDisk(t)
	fill()
	l := mustOpen(t, Options{Dir: dir, Keep: 10})
	for range 35 {
		l.Record(put("a"))
	}
	if h := l.Health(); h.Unsaved != 10 || h.Lost != 25 || len(l.Recent(-1)) != 10 {
		t.Errorf("health %+v, %d held", h, len(l.Recent(-1)))
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	dir, _, _ := fullDisk(t)
	l := mustOpen(t, Options{Dir: dir, Now: at(80_000)})
	first := l.Record(put("a"))
	mustClose(t, l)
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	l = mustOpen(t, Options{Dir: dir, Now: at(80_000)})
	if h := l.Health(); h.Durable || !errors.Is(h.Err, unix.EROFS) {
		t.Errorf("health %+v", h)
	}
	second := l.Record(put("a"))
	if got := l.Recent(-1); !reflect.DeepEqual(got, []Event{first, second}) || second.Revision <= first.Revision {
		t.Errorf("got %+v", got)
	}
	if err := l.Close(); !errors.Is(err, unix.EROFS) {
		t.Errorf("close: %v", err)
	}
}

func TestSecondProcessTakesOver(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		first := mustOpen(t, Options{Dir: dir})
		one := first.Record(put("a"))
		second := mustOpen(t, Options{Dir: dir})
		if h := second.Health(); h.Durable || !errors.Is(h.Err, ErrInUse) {
			t.Errorf("health %+v", h)
		}
		two := second.Record(put("a"))
		if events := fileEvents(t, dir); !reflect.DeepEqual(events, []Event{one}) {
			t.Errorf("file %+v", events)
		}
		mustClose(t, first)
		<-time.After(2 * retryDelay)
		if h := second.Health(); !h.Durable {
			t.Errorf("health %+v", h)
		}
		if events := fileEvents(t, dir); !reflect.DeepEqual(events, []Event{one, two}) {
			t.Errorf("file %+v", events)
		}
		mustClose(t, second)
	})
}

func TestDirectoryThatIsNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: path}); err == nil {
		t.Error("a file was accepted as a directory")
	}
}

func TestOddFilesInTheDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, currentFile), 0o600); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(secret, filepath.Join(dir, olderFile)); err != nil {
		t.Fatal(err)
	}
	l := mustOpen(t, Options{Dir: dir})
	l.Record(put("a"))
	if h := l.Health(); h.Durable || h.Err == nil {
		t.Errorf("health %+v", h)
	}
	if _, err := os.Lstat(secret); !errors.Is(err, os.ErrNotExist) {
		t.Error("a symbolic link was followed")
	}
}

func TestWiderModesAreNarrowed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, currentFile)
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, Options{Dir: dir})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestUnreadableLines(t *testing.T) {
	good := `{"seq":1,"epoch":"e","timestamp_ms":1,"origin":"http","domain":"api","kind":"api","entity":"api","revision":9,"path":"/v1/x","result":"ok"}`
	lines := []string{
		good, "", "   ", "rubbish", `{}`, `null`, `[1]`, good, `{"seq":1,"kind":"api","result":"ok"}`,
		strings.Replace(good, `"revision":9`, `"revision":18446744073709551615`, 1),
		strings.Repeat("x", 3*maxLine), good, string(make([]byte, 100)), good + good, good,
	}
	var kept int
	skipped, err := readLines(strings.NewReader(strings.Join(lines, "\n")), func(Event) { kept++ })
	if err != nil || kept != 4 || skipped != 9 {
		t.Errorf("kept %d, skipped %d, %v", kept, skipped, err)
	}
}

func FuzzReadLines(f *testing.F) {
	f.Add([]byte(`{"seq":1,"epoch":"e","kind":"api","revision":9,"path":"/v1/x","result":"ok"}` + "\n{\"seq\":"))
	f.Add([]byte("\n\n\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		kept := 0
		skipped, err := readLines(bytes.NewReader(b), func(e Event) {
			kept++
			if e.Kind == "" || e.Revision > maxRevision {
				t.Fatalf("kept %+v", e)
			}
		})
		if err != nil || kept+skipped > bytes.Count(b, []byte("\n"))+1 {
			t.Fatalf("kept %d, skipped %d, %v", kept, skipped, err)
		}
	})
}
