package child

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/internal/recorder"
)

// proc builds a proc filesystem.
type proc struct {
	t   *testing.T
	dir string
}

func newProc(t *testing.T, cores int) *proc {
	p := &proc{t, t.TempDir()}
	text := "cpu  1 1 1 1\n"
	for i := range cores {
		text += fmt.Sprintf("cpu%d 1 1 1 1\n", i)
	}
	p.write("stat", text)
	return p
}

func (p *proc) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// process adds a process, of one task.
func (p *proc) process(pid, start, ticks, pages, files int, children ...int) {
	p.t.Helper()
	dir := strconv.Itoa(pid) + "/"
	p.write(dir+"stat", fmt.Sprintf("%d (a) b) S 1 1 1 0 -1 0 0 0 0 0 %d 0 0 0 20 0 3 0 %d 1000 %d 0\n", pid, ticks, start, pages))
	p.write(dir+"task/"+dir+"children", strings.Trim(fmt.Sprint(children), "[]")+" ")
	for i := range files {
		p.write(dir+"fd/"+strconv.Itoa(i), "")
	}
}

func (p *proc) gone(pid int) {
	if err := os.RemoveAll(filepath.Join(p.dir, strconv.Itoa(pid))); err != nil {
		p.t.Fatal(err)
	}
}

func TestTree(t *testing.T) {
	p := newProc(t, 2)
	p.process(10, 100, 500, 10, 3, 11, 12)
	p.process(11, 100, 100, 20, 2, 13)
	p.process(12, 100, 0, 5, 1)
	p.process(13, 100, 0, 1, 1)
	p.process(99, 100, 7, 1000, 9) // of somebody else
	tree := NewTree(p.dir)
	read := tree.Sampler()()
	if _, err := read(t.Context()); err == nil {
		t.Error("a tree of no process was measured")
	}
	var marks []string
	tree.Follow(10, func(m recorder.Marker) bool { marks = append(marks, m.Payload); return true })
	s, err := read(t.Context())
	page := int64(os.Getpagesize())
	if err != nil || s.CPUPercent != nil || *s.NativeBytes != 36*page || s.NativeKind != "resident" || *s.Threads != 12 {
		t.Fatalf("the first sample is %+v, %v", s, err)
	}
	// 13's parent ends, which leaves it to init; 12's pid is now another process's.
	p.gone(11)
	p.gone(12)
	p.process(10, 100, 1000500, 10, 4)
	p.process(12, 900, 0, 7, 1)
	s, err = read(t.Context())
	if err != nil || *s.CPUPercent != 100 || *s.NativeBytes != 11*page {
		t.Errorf("the second sample is %+v with %v, %v", s, *s.NativeBytes/page, err)
	}
	if got := strings.Join(marks, " "); got != `{"count":7} {"count":5}` {
		t.Errorf("markers %s", got)
	}
	p.gone(10)
	p.gone(13)
	if s, err := read(t.Context()); err == nil {
		t.Errorf("what has ended was measured: %+v", s)
	}
}

func TestRealTree(t *testing.T) {
	s := newStage(t, "/bin/sh", "-c", `(while :; do :; done) & sleep 100 & wait`)
	c := s.start()
	tree := NewTree("")
	tree.Follow(c.PID(), nil)
	session := &session{tree: tree, known: map[int]*process{}, files: -1}
	defer func() {
		for pid := range session.known {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		c.Wait()
	}()
	eventually(t, "three processes that work", func() bool {
		v, err := session.read(t.Context())
		return err == nil && len(session.known) == 3 && v.CPUPercent != nil && *v.CPUPercent > 1 && *v.Threads == 3 && *v.NativeBytes > 1<<20 && session.files >= 9
	})
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("1 (sh) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 3 0 7 1000 8 0\n"))
	f.Add([]byte("1 (a) b) Z 1"))
	f.Add([]byte(")"))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = parseStat(text) })
}
