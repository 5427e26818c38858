package console

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/topic"
)

func TestNumberOfShellsIsBounded(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/cat"})
	var all []*Session
	for range DefaultMaxLive {
		all = append(all, create(t, m))
	}
	if _, err := m.Create(Size{}); !errors.Is(err, ErrTooManySessions) || err.Error() != "too many console sessions" {
		t.Fatalf("got %v", err)
	}
	send(t, all[0], "\x04") // end of file: exits, stays listed, and frees its place
	wait(t, all[0])
	create(t, m)
	if _, err := m.Create(Size{}); !errors.Is(err, ErrTooManySessions) {
		t.Fatalf("got %v", err)
	}
	if err := m.Delete(all[1].ID()); err != nil {
		t.Fatal(err)
	}
	create(t, m)
	if got := len(m.List()); got != DefaultMaxLive+1 {
		t.Errorf("%d sessions are listed", got)
	}
}

func TestConcurrentCreateKeepsTheBound(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/cat", MaxLive: 3})
	var group sync.WaitGroup
	var mu sync.Mutex
	started := 0
	for range 12 {
		group.Go(func() {
			if _, err := m.Create(Size{}); err == nil {
				mu.Lock()
				defer mu.Unlock()
				started++
			} else if !errors.Is(err, ErrTooManySessions) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if started != 3 {
		t.Errorf("%d shells were started", started)
	}
}

func TestOldestEndedSessionsGo(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/true", MaxEnded: 3})
	var ids []uuid.UUID
	var first *viewer
	for i := range 5 {
		s := create(t, m)
		wait(t, s)
		ids = append(ids, s.ID())
		if i == 0 {
			first = attach(t, s)
		}
	}
	var listed []uuid.UUID
	for _, info := range m.List() {
		listed = append(listed, info.ID)
	}
	slices.Reverse(listed)
	if !slices.Equal(listed, ids[2:]) {
		t.Errorf("listed are %v, want %v", listed, ids[2:])
	}
	first.rest(t) // told that its session is gone
	if _, found := m.Get(ids[0]); found {
		t.Error("the oldest is still there")
	}
	if _, found := m.Get(ids[4]); !found {
		t.Error("the newest is gone")
	}
}

func TestLatestActivityComesFirst(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/cat"})
	a, b := create(t, m), create(t, m)
	va := attach(t, a)
	vb := attach(t, b)
	send(t, b, "x\n")
	vb.until(t, "x\r\nx\r\n")
	send(t, a, "x\n")
	va.until(t, "x\r\nx\r\n")
	infos := m.List()
	if infos[0].ID != a.ID() || infos[1].ID != b.ID() || infos[0].Clients != 1 {
		t.Errorf("got %+v", infos)
	}
	if infos[0].LastActivity.Before(infos[0].Created) {
		t.Errorf("got %+v", infos[0])
	}
}

// TestInputOfAllIsWrittenInOrder: each caller's input arrives whole and in its
// order, and none is lost.
func TestInputOfAllIsWrittenInOrder(t *testing.T) {
	s := newRawHelper(t, "echo:0")
	v := attach(t, s)
	const lines = 500
	line := func(who string, i int) string { return fmt.Sprintf("%s%03d;", who, i) }
	var group sync.WaitGroup
	for _, who := range []string{"a", "b", "c"} {
		group.Go(func() {
			for i := range lines {
				if err := s.Write([]byte(line(who, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	send(t, s, "end")
	got := strings.SplitAfter(v.until(t, "end"), ";")
	next := map[string]int{}
	for _, l := range got[:len(got)-1] {
		who := l[:1]
		if l != line(who, next[who]) {
			t.Fatalf("got %q, want %q", l, line(who, next[who]))
		}
		next[who]++
	}
	if next["a"] != lines || next["b"] != lines || next["c"] != lines {
		t.Errorf("got %v lines", next)
	}
}

func TestCloseLeavesNoProcess(t *testing.T) {
	m := NewManager(Options{Shell: "/bin/bash"})
	var pids []int
	var viewers []*viewer
	for range 4 {
		s := create(t, m)
		pids = append(pids, s.proc.cmd.Process.Pid)
		v := attach(t, s)
		viewers = append(viewers, v)
		send(t, s, "yes & sleep 1000 & (trap '' TERM HUP; sleep 1000) & echo start''ed\n")
		v.until(t, "started")
	}
	m.Close()
	m.Close()
	for i, pid := range pids {
		if n := signalSession(pid, 0); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		viewers[i].rest(t)
	}
	if _, err := m.Create(Size{}); !errors.Is(err, topic.ErrClosed) {
		t.Errorf("create after close: %v", err)
	}
	if len(m.List()) != 0 {
		t.Error("sessions are listed")
	}
	if err := m.Delete(uuid.New()); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestSessionsLeaveNoFileOpen: goroutines are looked at after all tests.
func TestSessionsLeaveNoFileOpen(t *testing.T) {
	files := func() int {
		open, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(open)
	}
	m := newManager(t, Options{Shell: "/bin/sh"})
	cycle := func() {
		s := create(t, m)
		v := attach(t, s)
		send(t, s, "echo he''re\n")
		v.until(t, "here")
		if err := m.Delete(s.ID()); err != nil {
			t.Fatal(err)
		}
		v.Close()
	}
	cycle()
	before := files()
	for range 50 {
		cycle()
	}
	if after := files(); after > before {
		t.Errorf("%d files are open, %d before", after, before)
	}
}
