package console

import (
	"bytes"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// printed returns how many bytes of output the session has had.
func printed(s *Session) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.replay.next
}

// paused waits until the session has stopped taking output.
func paused(t *testing.T, s *Session) {
	t.Helper()
	last, same := uint64(0), 0
	eventually(t, "output paused", func() bool {
		now := printed(s)
		if now == last && now > 0 {
			same++
		} else {
			last, same = now, 0
		}
		return same > 50 // polls
	})
}

func TestFloodWithoutViewer(t *testing.T) {
	s := newShell(t)
	send(t, s, "yes heliograph\n")
	eventually(t, "10 MB printed", func() bool { return printed(s) > 10<<20 })
	if got := s.Stats(); got.HeldBytes != 0 {
		t.Errorf("live output is kept for nobody: %+v", got)
	}
	checkBounded(t, s)
	send(t, s, "\x03")
	send(t, s, "echo pro''mpt\n")
	attach(t, s).until(t, "prompt\r\n")
}

func checkBounded(t *testing.T, s *Session) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	storage := 0
	for _, b := range s.replay.blocks {
		storage += cap(b.Data)
	}
	if s.replay.bytes > MaxReplay || storage > MaxReplay*4/3+MaxChunk {
		t.Errorf("replay holds %d bytes in %d", s.replay.bytes, storage)
	}
}

// TestFloodWithStalledViewer: the shell is paused, everything but its output
// works, and nothing is lost when the viewer goes on.
func TestFloodWithStalledViewer(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	send(t, s, "yes heliograph\n")
	paused(t, s)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if live := s.Stats().HeldBytes; live > window+2*readSize {
		t.Errorf("%d bytes are held for the viewer", live)
	}
	if _, err := s.Resize(Size{Cols: 77, Rows: 33}); err != nil {
		t.Error(err)
	}
	send(t, s, "\x03")
	send(t, s, "stty size; echo pro''mpt\n")
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
	text := v.until(t, "prompt\r\n")
	if !strings.Contains(text, "33 77\r\n") || !strings.Contains(text, "^C") {
		t.Errorf("got %q", text[max(0, len(text)-500):])
	}
	// Ctrl-C discards what the kernel held; what the viewer had to read after it
	// is the window and what had been read with it.
	if flood := strings.Count(text, "heliograph") * len("heliograph\r\n"); flood > window+4*readSize {
		t.Errorf("%d bytes of flood came before the prompt", flood)
	}
}

// TestStalledViewerBesideFastOne: the fast one is not held up, the stalled one
// is told that it has lost its place.
func TestStalledViewerBesideFastOne(t *testing.T) {
	s := newShell(t)
	fast, stalled := attach(t, s), attach(t, s)
	send(t, s, "yes | head -c 4000000; echo do''ne\n")
	fast.until(t, "done\r\n")
	for {
		_, err := stalled.next(len(stalled.items))
		if errors.Is(err, topic.ErrLagged) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestAttachDuringFloodIsNotLost: the replay of a new viewer stays whole however
// fast the output goes on meanwhile.
func TestAttachDuringFloodIsNotLost(t *testing.T) {
	s := newShell(t)
	send(t, s, "yes heliograph\n")
	eventually(t, "replay is full", func() bool { return printed(s) > 2*MaxReplay })
	stop := make(chan struct{})
	drained := make(chan struct{})
	fast := attach(t, s)
	go func() {
		defer close(drained)
		for {
			select {
			case <-stop:
				return
			default:
				if _, err := fast.next(len(fast.items)); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	v := attach(t, s)
	from := printed(s)
	eventually(t, "flood has passed the replay", func() bool { return printed(s) > from+2*MaxReplay })
	var text []byte
	for len(text) < MaxReplay-MaxChunk {
		items, err := v.next(1)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(text), err)
		}
		text = append(text, items[0].Event.Value.Data...)
	}
	if bytes.Count(text, []byte("heliograph\r\n")) < len(text)/len("heliograph\r\n")-1 {
		t.Error("the replay is damaged")
	}
	close(stop)
	<-drained
}

// TestPauseEnds: viewers that take nothing lose their place, the shell goes on.
func TestPauseEnds(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/sh", pauseLimit: 50 * time.Millisecond})
	s := create(t, m)
	first, second := attach(t, s), attach(t, s)
	send(t, s, "yes | head -c 8000000; echo do''ne\n")
	eventually(t, "shell went on", func() bool { return printed(s) > 12_000_000 })
	for _, v := range []*viewer{first, second} {
		select {
		case <-v.awake:
		case <-time.After(patience):
			t.Fatal("the viewer was not woken")
		}
		if _, err := v.Fill(v.items[:]); !errors.Is(err, topic.ErrLagged) {
			t.Errorf("got %v", err)
		}
	}
	attach(t, s).until(t, "done\r\n")
}

func TestDeleteDuringPause(t *testing.T) {
	m := newManager(t, Options{Shell: "/bin/sh"})
	s := create(t, m)
	v := attach(t, s)
	send(t, s, "yes\n")
	paused(t, s)
	if err := m.Delete(s.ID()); err != nil {
		t.Fatal(err)
	}
	v.rest(t)
}

// TestInputThatNobodyReads: the queue is bounded, nothing blocks, and Ctrl-C
// still gets through to the program.
func TestInputThatNobodyReads(t *testing.T) {
	s := newShell(t)
	v := attach(t, s)
	send(t, s, "sleep 1000; echo in''terrupted\n")
	go func() { // takes the echo of the input
		for {
			if _, err := v.next(len(v.items)); err != nil {
				return
			}
		}
	}()
	eventually(t, "sleep runs", func() bool { return signalSession(s.proc.cmd.Process.Pid, 0) == 2 })
	paste := bytes.Repeat([]byte("# a comment that nobody reads\n"), 2000)
	taken := 0
	var err error
	for taken < 4*MaxInput {
		if err = s.Write(paste); err != nil {
			break
		}
		taken += len(paste)
	}
	if !errors.Is(err, ErrInputFull) {
		t.Fatalf("took %d bytes, then: %v", taken, err)
	}
	for len(paste) > keySize { // fill it up to the last key
		if s.Write(paste) != nil {
			paste = paste[:len(paste)/2]
		}
	}
	send(t, s, "\x03")
	eventually(t, "sleep is gone", func() bool { return signalSession(s.proc.cmd.Process.Pid, 0) == 1 })
	send(t, s, "echo ali''ve\n")
	attach(t, s).until(t, "alive\r\n")
	v.Close()
}

func TestKeysAreSeparateChunksAndReplayIsWhole(t *testing.T) {
	const n = 3 * liveItems
	s := newRawHelper(t, "dribble:"+strconv.Itoa(n))
	v := attach(t, s)
	for i := range n {
		send(t, s, ".")
		if items, err := v.next(len(v.items)); err != nil || len(items[0].Event.Value.Data) != 1 {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	wait(t, s)
	late := attach(t, s)
	items, err := late.next(len(late.items))
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, it := range items {
		total += len(it.Event.Value.Data)
	}
	if total != n || len(items) != n/MaxChunk {
		t.Errorf("replay has %d bytes in %d chunks", total, len(items))
	}
}
