package logfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/source/logfile"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// aged makes what is in the file old enough to be complete.
func aged(t testing.TB, path string) {
	t.Helper()
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, past, past); err != nil {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// numbered returns the lines "from" to "to-1".
func numbered(from, to int) (text string, lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprint("line ", i))
	}
	if len(lines) == 0 {
		return "", nil
	}
	return strings.Join(lines, "\n") + "\n", lines
}

func TestTailAndDump(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", logline.MaxText)
	text, lines := numbered(0, 50_000)
	for _, c := range []struct {
		name, content string
		want          []string
		fresh         bool
	}{
		{"empty", "", nil, false},
		{"one", "one\n", []string{"one"}, false},
		{"empty lines", "\n\n\n", []string{"", "", ""}, false},
		{"no newline at the end", "one\ntwo", []string{"one", "two"}, false},
		{"last line still being written", "zero\none\ntwo", []string{"zero", "one"}, true},
		{"only line still being written", "one", nil, true},
		{"windows", "one\r\ntwo\r\n", []string{"one", "two"}, false},
		{"not utf-8", "caf\xe9\n", []string{"caf\uFFFD"}, false},
		{"hole", strings.Repeat("\x00", 200_000) + "one\n", []string{"one"}, false},
		{"too long", "a\n" + long + "yz\nb\n", []string{"a", long, "b"}, false},
		{"much too long", "a\n" + strings.Repeat(long, 5) + "\nb\n", []string{"a", long, "b"}, false},
		{"many", text, lines, false},
		{"block border", strings.Repeat("x", 64<<10-1) + "\n" + strings.Repeat("y", 64<<10-1) + "\n", []string{strings.Repeat("x", 64<<10-1), strings.Repeat("y", 64<<10-1)}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "app.log")
			write(t, path, c.content)
			if !c.fresh {
				aged(t, path)
			} else if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			source := logfile.New(logfile.Options{Path: path})
			for _, n := range []int{0, 1, 2, 3, 100, 10_000} {
				checkTail(t, source, n, c.want)
				checkDump(t, source, n, c.want)
			}
		})
	}
}

func newest(lines []string, n int) []string { return lines[max(0, len(lines)-n):] }

func checkTail(t *testing.T, source *logfile.Source, n int, lines []string) {
	t.Helper()
	got, err := source.Tail(t.Context(), n)
	if want := newest(lines, n); err != nil || !slices.Equal(got, want) {
		t.Errorf("Tail(%d) = %.80q…, %v, want %.80q…", n, got, err, want)
	}
}

func checkDump(t *testing.T, source *logfile.Source, n int, lines []string) {
	t.Helper()
	want := lines
	if n > 0 {
		want = newest(lines, n)
	}
	var b bytes.Buffer
	err := source.Dump(t.Context(), &b, n)
	got := strings.SplitAfter(b.String(), "\n")
	if b.Len() == 0 {
		got = nil
	} else {
		got = got[:len(got)-1]
	}
	if err != nil || len(got) != len(want) {
		t.Fatalf("Dump(%d): %d lines, %v, want %d", n, len(got), err, len(want))
	}
	for i := range got {
		if got[i] != want[i]+"\n" {
			t.Fatalf("Dump(%d): line %d is %.80q, want %.80q", n, i, got[i], want[i])
		}
	}
}

// A huge file without a newline must not be held in memory nor be read whole.
func TestTailIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	write(t, path, "first\n")
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Fatal(err)
	}
	write(t, path, "\nlast\n")
	got, err := logfile.New(logfile.Options{Path: path}).Tail(t.Context(), 100)
	if err != nil || !slices.Equal(got, []string{"last"}) {
		t.Errorf("got %.100q, %v", got, err)
	}
}

func TestDumpFails(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "app.log")
	text, _ := numbered(0, 100_000)
	write(t, path, text)
	source := logfile.New(logfile.Options{Path: path})

	if err := source.Dump(t.Context(), truncating{path}, 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("truncated meanwhile: %v", err)
	}
	write(t, path, text)
	if err := source.Dump(t.Context(), failing{}, 0); !errors.Is(err, errFailing) {
		t.Errorf("writer failed: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errFailing)
	if err := source.Dump(ctx, io.Discard, 0); !errors.Is(err, errFailing) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := source.Tail(ctx, 1000_000); !errors.Is(err, errFailing) {
		t.Errorf("cancelled: %v", err)
	}
}

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }

type truncating struct{ path string }

func (w truncating) Write(p []byte) (int, error) { return len(p), os.Truncate(w.path, 0) }

func TestRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	secret := path("secret")
	write(t, secret, "secret\n")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(unix.Mkfifo(path("fifo"), 0o600))
	must(os.Symlink("fifo", path("link-to-fifo")))
	must(os.Symlink("loop", path("loop")))
	must(os.Symlink("/dev/null", path("link-to-device")))
	must(os.Symlink("missing", path("dangling")))
	names := []string{"fifo", "link-to-fifo", "link-to-device", "dangling", "missing", "missing/too", "."}
	if os.Geteuid() == 0 {
		must(os.Symlink("secret", path("foreign")))
		must(os.Lchown(path("foreign"), 65534, 65534))
		names = append(names, "foreign")
	}
	for _, name := range names {
		source := logfile.New(logfile.Options{Path: path(name)})
		if lines, err := source.Tail(t.Context(), 10); !errors.Is(err, topic.ErrNotPresent) || lines != nil {
			t.Errorf("Tail of %s: %q, %v", name, lines, err)
		}
		if err := source.Dump(t.Context(), io.Discard, 0); !errors.Is(err, topic.ErrNotPresent) {
			t.Errorf("Dump of %s: %v", name, err)
		}
		if err := runError(t, source); !errors.Is(err, topic.ErrNotPresent) || !strings.Contains(err.Error(), path(name)) {
			t.Errorf("Run of %s: %v", name, err)
		}
	}
	if _, err := logfile.New(logfile.Options{Path: path("loop")}).Tail(t.Context(), 10); !errors.Is(err, unix.ELOOP) {
		t.Errorf("loop of links: %v", err)
	}
}

// A link that its owner points at their own file is as good as root's.
func TestOwnLink(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root to give files away")
	}
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	write(t, file, "one\n")
	if err := errors.Join(os.Symlink(file, link), os.Lchown(link, 65534, 65534), os.Chown(file, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	got, err := logfile.New(logfile.Options{Path: link}).Tail(t.Context(), 10)
	if err != nil || !slices.Equal(got, []string{"one"}) {
		t.Errorf("got %q, %v", got, err)
	}
}

func runError(t *testing.T, source *logfile.Source) error {
	t.Helper()
	tp := newTopic(source)
	defer tp.Close()
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	return sub.WaitReady(t.Context())
}
