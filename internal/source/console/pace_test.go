package console

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// takeAll takes everything there is now.
func takeAll(t *testing.T, v *viewer) {
	t.Helper()
	for {
		n, err := v.Fill(v.items[:])
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// TestEndangeredViewerIsWaitedForWhileItMoves prints for the shell, so that what
// each viewer has taken is known exactly.
func TestEndangeredViewerIsWaitedForWhileItMoves(t *testing.T) {
	for _, piece := range []string{strings.Repeat("x", MaxChunk), "x"} {
		s := create(t, newManager(t, Options{Shell: "/bin/cat"}))
		fast, behind := attach(t, s), attach(t, s)
		fall := func() {
			for s.endangered() == nil {
				s.publish([]byte(piece))
				takeAll(t, fast)
				if behind.Lag() > liveItems {
					t.Fatal("fell off before it was in danger")
				}
			}
		}
		fall()
		if a := s.endangered(); a != behind.Attachment {
			t.Fatal("the fast viewer is in danger")
		}
		waited := make(chan struct{})
		go func() { s.waitForEndangered(); close(waited) }()
		takeAll(t, behind)
		<-waited
		if s.endangered() != nil {
			t.Error("still in danger")
		}
		fall()
		s.waitForEndangered() // ends although it stands still
		if s.endangered() != nil {
			t.Error("would be waited for again at once")
		}
		for range liveItems + MaxReplay/len(piece) {
			s.publish([]byte(piece))
			takeAll(t, fast)
			if len(piece) == 1 && behind.Lag() > liveItems {
				break
			}
		}
		if _, err := behind.Fill(behind.items[:]); !errors.Is(err, topic.ErrLagged) {
			t.Errorf("got %v", err)
		}
	}
}

func TestGraceIsBounded(t *testing.T) {
	var g grace
	now := time.Unix(1000, 0)
	if got := g.left(now); got != maxGrace {
		t.Errorf("fresh grace is %v", got)
	}
	g.spend(100*time.Millisecond, true)
	if got := g.left(now); got != 150*time.Millisecond {
		t.Errorf("left is %v", got)
	}
	if got := g.left(now.Add(time.Second)); got != 200*time.Millisecond {
		t.Errorf("left after a second is %v", got)
	}
	g.spend(time.Millisecond, false)
	if got := g.left(now.Add(time.Second)); got != 0 {
		t.Errorf("left after standing still is %v", got)
	}
	var session grace
	session.join(g, now.Add(time.Second))
	session.join(grace{}, now.Add(2*time.Second))
	if got := session.left(now.Add(2 * time.Second)); got != 50*time.Millisecond {
		t.Errorf("left for a new viewer is %v", got)
	}
	if got := g.left(now.Add(time.Hour)); got != maxGrace {
		t.Errorf("left after an hour is %v", got)
	}
}

// TestManyViewersOfAFlood: each sees all of it, exactly, unless the machine is
// too busy to let it run, and then it is told.
func TestManyViewersOfAFlood(t *testing.T) {
	total := (6 << 20) / recordLen() * recordLen()
	s := newHelper(t, "print:"+strconv.Itoa(total))
	var group sync.WaitGroup
	var lagged atomic.Int32
	for range 30 {
		group.Go(func() {
			end, err := follow(t, s, 64, func(int) bool { return false })
			switch {
			case errors.Is(err, topic.ErrLagged):
				lagged.Add(1)
			case !errors.Is(err, io.EOF) || end != uint64(total):
				t.Errorf("ended at %d of %d: %v", end, total, err)
			}
		})
	}
	group.Wait()
	t.Logf("%d viewers lagged", lagged.Load())
}
