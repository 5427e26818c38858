package logfile_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/source/logfile"
	"github.com/heliograph/heliograph/internal/topic"
)

func newTopic(source *logfile.Source) *topic.Topic[logline.Line] {
	return topic.New(topic.Options[logline.Line]{
		Name:         "file",
		HistoryItems: logline.HistoryItems,
		HistoryBytes: logline.HistoryBytes,
		Size:         logline.Size,
		Source:       source.Run,
	})
}

// tailed is a file that is being followed.
type tailed struct {
	t    *testing.T
	path string
	sub  *topic.Subscription[logline.Line]
}

// follow begins to follow path, with what is in it now as history.
func follow(t *testing.T, path string) *tailed {
	t.Helper()
	tp := newTopic(logfile.New(logfile.Options{Path: path, Poll: 20 * time.Millisecond}))
	t.Cleanup(tp.Close)
	sub, err := tp.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless})
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	sub.Rewind(-1)
	return &tailed{t: t, path: path, sub: sub}
}

// expect takes the next lines.
func (f *tailed) expect(lines ...string) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	for i, want := range lines {
		item, err := f.sub.Next(ctx)
		if err != nil {
			f.t.Fatalf("waiting for line %d of %d, %.60q: %v", i, len(lines), want, err)
		}
		got := item.Event.Value
		if got.Text != want {
			f.t.Fatalf("line %d of %d is %.60q, want %.60q", i, len(lines), got.Text, want)
		}
		if got.Priority != logline.NoPriority || got.Read.IsZero() {
			f.t.Fatalf("line %+v", got)
		}
	}
}

// write appends and expects the lines.
func (f *tailed) write(lines ...string) {
	f.t.Helper()
	write(f.t, f.path, strings.Join(lines, "\n")+"\n")
	f.expect(lines...)
}

func (f *tailed) do(errs ...error) {
	f.t.Helper()
	for _, err := range errs {
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

func newLog(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.log")
	write(t, path, text)
	return path
}

func TestFollowHistory(t *testing.T) {
	t.Parallel()
	text, lines := numbered(0, 3*logline.StartLines)
	path := newLog(t, text)
	f := follow(t, path)
	f.expect(lines[2*logline.StartLines:]...)
	f.write("live")
}

func TestFollowHistoryWithoutNewline(t *testing.T) {
	t.Parallel()
	path := newLog(t, "one\ntwo")
	aged(t, path)
	f := follow(t, path)
	f.expect("one", "two")
	f.write("three")
}

func TestFollowPartialLines(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, ""))
	for _, piece := range []string{"he", "ll", "o\r", "\nwor"} {
		write(t, f.path, piece)
	}
	f.expect("hello")
	write(t, f.path, "ld\n")
	f.expect("world")
	write(t, f.path, "password: ") // comes without a newline, after a while
	f.expect("password:" + " ")
	f.write("next")
}

func TestFollowRenamed(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, "one\n"))
	f.expect("one")
	for i := range 5 {
		// Written before and after the rename, without being looked at.
		write(t, f.path, fmt.Sprint("before ", i, "\n"))
		f.do(os.Rename(f.path, f.path+".1"))
		write(t, f.path+".1", fmt.Sprint("late ", i, "\n"))
		write(t, f.path, fmt.Sprint("after ", i, "\n"))
		f.expect(fmt.Sprint("before ", i), fmt.Sprint("late ", i), fmt.Sprint("after ", i))
	}
	// A service that has not reopened its log yet.
	write(t, f.path+".1", "very late\n")
	f.expect("very late")
	f.write("new")
}

func TestFollowRenamedInTheMiddleOfALine(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, ""))
	write(t, f.path, "unfinished")
	f.do(os.Rename(f.path, f.path+".1"))
	write(t, f.path, "") // the new file appears
	f.expect("unfinished")
	f.write("new")
}

func TestFollowCopiedAndTruncated(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, "one\ntwo\n"))
	f.expect("one", "two")
	for i := range 5 {
		f.write(fmt.Sprint("a rather long line, number ", i), "another")
		f.do(os.Truncate(f.path, 0))
		f.write(fmt.Sprint("short ", i))
	}
	// A writer that does not append leaves a hole.
	f.do(os.Truncate(f.path, 0), os.Truncate(f.path, 100_000))
	f.write("behind the hole")
}

func TestFollowVanished(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, "one\n"))
	f.expect("one")
	f.do(os.Remove(f.path))
	f.write("again")
	// The folder goes as well.
	folder := filepath.Dir(f.path)
	f.do(os.RemoveAll(folder), os.Mkdir(folder, 0o700))
	f.write("and again")
	f.do(os.Rename(folder, folder+"-old"), os.Mkdir(folder, 0o700))
	t.Cleanup(func() { os.RemoveAll(folder + "-old") })
	f.write("another folder")
}

func TestFollowReplacedBySomethingElse(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, "one\n"))
	f.expect("one")
	f.do(os.Remove(f.path), os.Mkdir(f.path, 0o700), os.Remove(f.path))
	f.do(os.Symlink("/dev/zero", f.path))
	other := f.path + ".other"
	write(t, other, "")
	f.do(os.Remove(f.path), os.Rename(other, f.path))
	f.write("back")
}

func TestFollowSwitchedLink(t *testing.T) {
	t.Parallel()
	folders := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	link := filepath.Join(folders[0], "current.log")
	target := func(i int) string { return filepath.Join(folders[1+i%2], fmt.Sprint(i, ".log")) }
	write(t, target(0), "")
	if err := os.Symlink(target(0), link); err != nil {
		t.Fatal(err)
	}
	f := follow(t, link)
	for i := range 5 {
		f.write(fmt.Sprint("through the link ", i))
		write(t, target(i), "to the target\n")
		f.expect("to the target")
		write(t, target(i+1), "before the switch\n")
		f.do(os.Symlink(target(i+1), link+".new"), os.Rename(link+".new", link))
		f.expect("before the switch")
	}
}

// A link in the folder part is found by polling.
func TestFollowSwitchedFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b, link := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "link")
	f := &tailed{t: t}
	f.do(os.Mkdir(a, 0o700), os.Mkdir(b, 0o700), os.Symlink(a, link))
	write(t, filepath.Join(a, "log"), "")
	f = follow(t, filepath.Join(link, "log"))
	f.write("in a")
	write(t, filepath.Join(b, "log"), "in b\n")
	f.do(os.Symlink(b, link+".new"), os.Rename(link+".new", link))
	f.expect("in b")
	f.write("also in b")
}

// A bulk far beyond the history reaches a reader that keeps up without a loss,
// also when the file is rotated in the middle of it.
func TestFollowBulk(t *testing.T) {
	t.Parallel()
	f := follow(t, newLog(t, ""))
	const files, each, step = 4, 100_000, 1000
	for i := 0; i < files*each; i += step {
		// The next file comes while this one is being read.
		if next := (i + each/2) / each; next < files && (i == 0 || i%each == each/2) {
			text, _ := numbered(next*each, (next+1)*each)
			write(t, f.path+".new", text)
			f.do(os.Rename(f.path, f.path+".1"), os.Rename(f.path+".new", f.path))
		}
		_, lines := numbered(i, i+step)
		f.expect(lines...)
	}
}
