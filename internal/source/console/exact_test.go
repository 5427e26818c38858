package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/topic"
)

// verifier checks that chunks are a gapless, duplicate-free part of what
// printRecords printed. The records tell their own place, so a wrong offset is
// found as well as wrong bytes.
type verifier struct {
	next  uint64
	begun bool
	want  []byte
}

func (v *verifier) check(c Chunk) error {
	if v.begun && c.Offset != v.next {
		return fmt.Errorf("chunk at %d after one that ended at %d", c.Offset, v.next)
	}
	if len(c.Data) == 0 || len(c.Data) > MaxChunk || !utf8.Valid(c.Data) {
		return fmt.Errorf("chunk at %d of %d bytes is empty, too long or not UTF-8", c.Offset, len(c.Data))
	}
	size := recordLen()
	i, skip := int(c.Offset)/size, int(c.Offset)%size
	v.want = v.want[:0]
	for ; len(v.want) < skip+len(c.Data); i++ {
		v.want = record(v.want, i)
	}
	if !bytes.Equal(v.want[skip:skip+len(c.Data)], c.Data) {
		return fmt.Errorf("chunk at %d is not what was printed there", c.Offset)
	}
	v.begun, v.next = true, c.Offset+uint64(len(c.Data))
	return nil
}

// follow reads a fresh attachment, at most limit chunks at a time, until stop
// says so, or to its end.
func follow(t *testing.T, s *Session, limit int, stop func(read int) bool) (end uint64, err error) {
	v := attach(t, s)
	defer v.Close()
	var check verifier
	for read := 0; !stop(read); {
		if !v.Live() && v.Lag() == 0 {
			return check.next, io.EOF // idle from now on
		}
		items, err := v.next(limit)
		if err != nil {
			return check.next, err
		}
		for _, it := range items {
			if it.Missed != 0 {
				return check.next, fmt.Errorf("missed %d", it.Missed)
			}
			if err := check.check(it.Event.Value); err != nil {
				return check.next, err
			}
			read += len(it.Event.Value.Data)
		}
	}
	return check.next, nil
}

// printedBytes is scaled by HELIOGRAPH_CONSOLE_BYTES; the full test prints
// 104857600.
func printedBytes(t *testing.T) int {
	text := os.Getenv("HELIOGRAPH_CONSOLE_BYTES")
	if text == "" {
		return 12 << 20
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEveryAttachmentSeesAnExactPart(t *testing.T) {
	total := printedBytes(t) / recordLen() * recordLen()
	s := newHelper(t, "print:"+strconv.Itoa(total))
	var group sync.WaitGroup
	never := func(int) bool { return false }

	group.Go(func() { // keeps up, unless the machine is too busy to let it run
		for {
			end, err := follow(t, s, 64, never)
			if errors.Is(err, topic.ErrLagged) {
				continue
			}
			if !errors.Is(err, io.EOF) || end != uint64(total) {
				t.Errorf("fast viewer ended at %d of %d: %v", end, total, err)
			}
			return
		}
	})
	group.Go(func() { // takes single chunks
		for {
			if _, err := follow(t, s, 1, never); errors.Is(err, io.EOF) {
				return
			} else if !errors.Is(err, topic.ErrLagged) {
				t.Errorf("medium viewer: %v", err)
				return
			}
		}
	})
	lags := 0
	group.Go(func() { // cannot keep up, and comes back each time
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			_, err := follow(t, s, 1, func(int) bool { <-tick.C; return false })
			if errors.Is(err, io.EOF) {
				return
			}
			if !errors.Is(err, topic.ErrLagged) {
				t.Errorf("slow viewer: %v", err)
				return
			}
			lags++
		}
	})
	group.Go(func() { // comes and goes
		for range 50 {
			_, err := follow(t, s, 16, func(read int) bool { return read > total/60 })
			if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, topic.ErrLagged) {
				t.Errorf("re-attached viewer: %v", err)
			}
			if s.Info().Closed {
				return
			}
		}
	})
	group.Wait()
	info := wait(t, s)
	if info.ExitCode == nil || *info.ExitCode != 7 || info.Clients != 0 {
		t.Errorf("got %+v, want exit code 7 and no client", info)
	}
	t.Logf("slow viewer lagged %d times", lags)
	verifyFinalReplay(t, s, uint64(total))
}

// verifyFinalReplay checks that a late viewer gets the newest 512 KiB.
func verifyFinalReplay(t *testing.T, s *Session, total uint64) {
	t.Helper()
	v := attach(t, s)
	var check verifier
	read := 0
	for read < MaxReplay-MaxChunk {
		items, err := v.next(len(v.items))
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range items {
			if err := check.check(it.Event.Value); err != nil {
				t.Fatal(err)
			}
			read += len(it.Event.Value.Data)
		}
	}
	for v.Lag() > 0 {
		items, err := v.next(1)
		if err != nil || check.check(items[0].Event.Value) != nil {
			t.Fatal(err)
		}
	}
	if check.next != total {
		t.Errorf("replay ends at %d, want %d", check.next, total)
	}
}

// TestAloneSlowViewerLosesNothing: the viewer paces the shell.
func TestAloneSlowViewerLosesNothing(t *testing.T) {
	total := (2 << 20) / recordLen() * recordLen()
	s := newHelper(t, "print:"+strconv.Itoa(total))
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	end, err := follow(t, s, 1, func(int) bool { <-tick.C; return false })
	if !errors.Is(err, io.EOF) || end != uint64(total) {
		t.Errorf("ended at %d of %d: %v", end, total, err)
	}
}
