package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/logline/unitname"
	"github.com/heliograph/heliograph/internal/source/journal"
	"github.com/heliograph/heliograph/internal/testkit/journald"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// messages drops the prefixes, and what journald itself says.
func messages(t *testing.T, lines []string) []string {
	t.Helper()
	var out []string
	for _, line := range lines {
		prefix, message, found := strings.Cut(line, ": ")
		if !found {
			t.Fatalf("line %q has no prefix", line)
		}
		if strings.Contains(prefix, " heliotest[") {
			out = append(out, message)
		}
	}
	return out
}

func dump(t *testing.T, s *journal.Source, n int) []string {
	t.Helper()
	var b bytes.Buffer
	if err := s.Dump(t.Context(), &b, n); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
}

// What we make of an entry is what journalctl prints for it.
func TestSameAsShortISO(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	j.Log(3, "plain")
	j.Log(6, strings.Repeat("ä long one;", 5000))
	j.Send("MESSAGE", "no identifier", "PRIORITY", "9")
	j.Send("MESSAGE", "identifier", "SYSLOG_IDENTIFIER", "my prog")
	j.Log(6, "tab\tand colour \x1b[31mred\x1b[0m")
	source := journal.New(journal.Options{Args: j.Args()})
	got, err := source.Tail(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "journalctl", append(j.Args(), "--output=short-iso", "--quiet", "--all")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if !slices.Equal(got, want) {
		t.Errorf("got\n%.900q\nwant\n%.900q", got, want)
	}
	if again := dump(t, source, 0); !slices.Equal(again, want) {
		t.Errorf("dump is\n%.900q", again)
	}
}

func TestTailAndDump(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	for i := range 50 {
		j.SendAsync("MESSAGE", fmt.Sprint("message ", i), "SYSLOG_IDENTIFIER", "heliotest")
	}
	j.Send("MESSAGE", "two\nlines\n", "SYSLOG_IDENTIFIER", "heliotest", "OBJECT_SYSTEMD_UNIT", "demo.service")
	j.Send("MESSAGE", "not \xff\xfe utf-8", "SYSLOG_IDENTIFIER", "heliotest", "OBJECT_SYSTEMD_UNIT", "demo.service")
	j.Send("MESSAGE", "first", "MESSAGE", "second\xff", "SYSLOG_IDENTIFIER", "heliotest", "OBJECT_SYSTEMD_UNIT", "demo.service")
	j.Send("PRIORITY", "6", "SYSLOG_IDENTIFIER", "heliotest") // no message at all
	whole := journal.New(journal.Options{Args: j.Args()})
	unit := journal.New(journal.Options{Args: j.Args(), Unit: "demo.service"})

	tail, err := unit.Tail(t.Context(), 100)
	want := []string{"two", "lines", "not \uFFFD\uFFFD utf-8"}
	// journald stores repeated fields in an order of its own.
	if got := messages(t, tail); err != nil || len(got) != 5 || !slices.Equal(got[:3], want) {
		t.Errorf("tail of the unit: %q, %v", got, err)
	} else if slices.Sort(got[3:]); !slices.Equal(got[3:], []string{"first", "second\uFFFD"}) {
		t.Errorf("repeated message: %q", got[3:])
	}
	if tail, err = whole.Tail(t.Context(), 3); err != nil || len(tail) != 3 {
		t.Errorf("tail of 3: %q, %v", tail, err)
	}
	if tail, err = whole.Tail(t.Context(), 0); err != nil || len(tail) != 0 {
		t.Errorf("tail of 0: %q, %v", tail, err)
	}
	all := messages(t, dump(t, whole, 0))
	if len(all) != 56 || all[0] != "message 0" || all[49] != "message 49" {
		t.Errorf("dump: %q", all)
	}
	if got := dump(t, unit, 1); len(got) != 2 {
		t.Errorf("dump of the last entry, which has 2 lines: %q", got)
	}
	none := journal.New(journal.Options{Args: j.Args(), Unit: "quiet.service"})
	if tail, err := none.Tail(t.Context(), 5); err != nil || len(tail) != 0 {
		t.Errorf("a unit without entries: %q, %v", tail, err)
	}
}

func TestNoJournal(t *testing.T) {
	t.Parallel()
	empty := t.TempDir()
	for name, opts := range map[string]journal.Options{
		"no program":      {Command: "heliograph-no-such-journalctl"},
		"no file":         {Command: filepath.Join(empty, "journalctl")},
		"no files":        {Args: []string{"--directory=" + empty}},
		"no unit's files": {Args: []string{"--directory=" + empty}, Unit: "demo.service"},
	} {
		source := journal.New(opts)
		tail, err := source.Tail(t.Context(), 10)
		if !errors.Is(err, topic.ErrNotPresent) || tail != nil || !strings.Contains(err.Error(), "journal") {
			t.Errorf("%s: Tail: %q, %v", name, tail, err)
		}
		if err := source.Dump(t.Context(), io.Discard, 0); !errors.Is(err, topic.ErrNotPresent) {
			t.Errorf("%s: Dump: %v", name, err)
		}
		if err := runError(t, source); !errors.Is(err, topic.ErrNotPresent) {
			t.Errorf("%s: Run: %v", name, err)
		}
	}
}

func TestBadUnit(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"*.service", "--file=/etc/shadow", "a b.service", "x"} {
		source := journal.New(journal.Options{Unit: unit})
		if err := runError(t, source); !errors.Is(err, unitname.ErrInvalid) {
			t.Errorf("%q: %v", unit, err)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	j := journald.Start(t)
	j.Log(6, "hello")
	broken := journal.New(journal.Options{Args: append(j.Args(), "--no-such-option")})
	if _, err := broken.Tail(t.Context(), 10); err == nil || errors.Is(err, topic.ErrNotPresent) || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("unknown option: %v", err)
	}
	source := journal.New(journal.Options{Args: j.Args()})
	if err := source.Dump(t.Context(), failing{}, 0); !errors.Is(err, errFailing) {
		t.Errorf("writer failed: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errFailing)
	if _, err := source.Tail(ctx, 10); !errors.Is(err, errFailing) {
		t.Errorf("cancelled: %v", err)
	}
}

var errFailing = errors.New("failing")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFailing }

func newTopic(source *journal.Source) *topic.Topic[logline.Line] {
	return topic.New(topic.Options[logline.Line]{
		Name:         "journal",
		HistoryItems: logline.HistoryItems,
		HistoryBytes: logline.HistoryBytes,
		Size:         logline.Size,
		Source:       source.Run,
	})
}

func runError(t *testing.T, source *journal.Source) error {
	t.Helper()
	tp := newTopic(source)
	defer tp.Close()
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := sub.WaitReady(ctx); err != nil {
		return err
	}
	for {
		if _, err := sub.Next(ctx); err != nil {
			return err
		}
	}
}

// testLogger writes into the log of the test.
func testLogger(t *testing.T) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), nil))
}

// script makes a program out of a shell script.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "journalctl")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil { //nolint:gosec // it has to be executable
		t.Fatal(err)
	}
	return path
}
