package kmsg_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/source/kmsg"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mark is a text that no other record holds.
func mark(t *testing.T) string {
	return fmt.Sprintf("heliograph %s %d %d", t.Name(), os.Getpid(), time.Now().UnixNano())
}

// log writes a record into the kernel's log. Each has the device opened anew,
// for the kernel limits how much comes from one open file. Without a newline at
// its end, a record could still be continued and would not be shown yet.
func log(t *testing.T, text string) {
	t.Helper()
	f, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		missing(t, "the kernel log cannot be written: "+err.Error())
	}
	defer f.Close()
	if _, err := f.WriteString(text + "\n"); err != nil {
		missing(t, "the kernel log cannot be written: "+err.Error())
	}
}

func missing(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func newTopic(s *kmsg.Source) *topic.Topic[logline.Line] {
	return topic.New(topic.Options[logline.Line]{
		Name:         "dmesg",
		HistoryItems: logline.HistoryItems,
		HistoryBytes: logline.HistoryBytes,
		Size:         logline.Size,
		Source:       s.Run,
	})
}

func subscribe(t *testing.T, s *kmsg.Source) *topic.Subscription[logline.Line] {
	t.Helper()
	tp := newTopic(s)
	t.Cleanup(tp.Close)
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

// waitFor returns the next line that holds text.
func waitFor(t *testing.T, sub *topic.Subscription[logline.Line], text string) logline.Line {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		item, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("waiting for %q: %v", text, err)
		}
		if line := item.Event.Value; strings.Contains(line.Text, text) {
			return line
		}
	}
}

func TestRealDevice(t *testing.T) {
	t.Parallel()
	before := mark(t)
	log(t, "<7>"+before+" päst")
	source := kmsg.New(kmsg.Options{})
	sub := subscribe(t, source)
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub.Rewind(-1)
	line := waitFor(t, sub, before)
	if !strings.HasSuffix(line.Text, before+" päst") || line.Priority != 7 {
		t.Errorf("got %+v", line)
	}
	stamp, _, _ := strings.Cut(line.Text, " ")
	if at, err := time.Parse("2006-01-02T15:04:05,000000-07:00", stamp); err != nil || time.Since(at).Abs() > time.Minute {
		t.Errorf("time stamp %s: %v", stamp, err)
	}

	live := mark(t)
	log(t, "<7>"+live+" one\n"+live+" two")
	for _, n := range []string{" one", " two"} {
		if line := waitFor(t, sub, live); !strings.HasSuffix(line.Text, live+n) || line.Priority != 7 {
			t.Errorf("got %+v", line)
		}
	}

	tail, err := source.Tail(t.Context(), 500)
	if all := strings.Join(tail, "\n"); err != nil || !strings.Contains(all, before) || !strings.Contains(all, live) {
		t.Errorf("tail: %d lines, %v", len(tail), err)
	}
	for _, n := range []int{0, 500} {
		var b bytes.Buffer
		if err := source.Dump(t.Context(), &b, n); err != nil || !strings.Contains(b.String(), before) || !strings.HasSuffix(b.String(), "\n") {
			t.Errorf("dump of %d: %d bytes, %v", n, b.Len(), err)
		}
		if err := source.Dump(t.Context(), failing{}, n); !errors.Is(err, errFailing) {
			t.Errorf("dump of %d to a writer that fails: %v", n, err)
		}
	}
}

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }

// The kernel overwrites its whole buffer while nobody reads: the loss is told,
// and reading goes on. It floods the machine's kernel log, therefore it runs in
// CI and on request only.
func TestRealOverrun(t *testing.T) {
	if os.Getenv("CI") != "true" && os.Getenv("HELIOGRAPH_TEST_FLOOD_KMSG") == "" {
		t.Skip("set HELIOGRAPH_TEST_FLOOD_KMSG=1 to fill the kernel log")
	}
	log(t, "<7>"+mark(t))
	size, err := unix.Klogctl(10, nil) // SYSLOG_ACTION_SIZE_BUFFER
	if err != nil {
		t.Fatal(err)
	}
	// A subscriber that reads nothing makes the source wait in the middle of
	// a flood that is larger than the history and the kernel's buffer.
	sub := subscribe(t, kmsg.New(kmsg.Options{}))
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub.Rewind(0)
	text := "<7>" + mark(t) + strings.Repeat("x", 800)
	for range (2*size + 3<<20) / 800 {
		log(t, text)
	}
	end := mark(t)
	log(t, "<7>"+end)
	line := waitFor(t, sub, "kernel messages were overwritten")
	t.Log(line.Text)
	waitFor(t, sub, end)
}

func TestNotPresent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte("no record\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, present := range map[string]bool{
		filepath.Join(dir, "missing"): false,
		filepath.Join(dir, "text"):    true, // there, but broken
		dir:                           true,
	} {
		source := kmsg.New(kmsg.Options{Path: path})
		_, err := source.Tail(t.Context(), 10)
		if err == nil || errors.Is(err, topic.ErrNotPresent) == present {
			t.Errorf("Tail of %s: %v", path, err)
		}
		if err := source.Dump(t.Context(), io.Discard, 0); err == nil || errors.Is(err, topic.ErrNotPresent) == present {
			t.Errorf("Dump of %s: %v", path, err)
		}
		if err := subscribe(t, source).WaitReady(t.Context()); err == nil || errors.Is(err, topic.ErrNotPresent) == present {
			t.Errorf("Run of %s: %v", path, err)
		}
	}
}

// A device without records is waited for, and left at once when told.
func TestCancel(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	keep, err := os.OpenFile(path, os.O_RDWR, 0) // or reading would find an end
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	tp := newTopic(kmsg.New(kmsg.Options{Path: path}))
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := keep.WriteString("4,1,1000,-;hello\n"); err != nil {
		t.Fatal(err)
	}
	if line := waitFor(t, sub, "hello"); line.Priority != 4 {
		t.Errorf("got %+v", line)
	}
	tp.Close()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errFailing)
	if _, err := kmsg.New(kmsg.Options{Path: path}).Tail(ctx, 1); !errors.Is(err, errFailing) {
		t.Errorf("cancelled: %v", err)
	}
}
