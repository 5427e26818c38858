package channels

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// stall is one reader that reads nothing for a while, beside 99 that read.
type stall struct {
	path string
	// readers is how many there are, 100 unless the channel takes fewer.
	readers int
	// events makes, for each reader, what finds the events in its messages.
	events func() func(device.Message) []arrival
	// lossless: each reader gets every event.
	lossless bool
	// baseline is for how many events the crowd is watched without a slow one,
	// and beside it.
	baseline, beside int
	// load makes so many events; nil where they come by themselves.
	load func(events int)
}

// stallBudget is how much the server may grow while 100 readers are served and
// one of them stands still: its queue is at most 1 MiB, the console's replay 512
// KiB and the lines of a log 8 MiB; the rest is room for the garbage collector.
const stallBudget = 24 << 20

// startStalling starts a server on whose connections the kernel holds little,
// so that a reader that does not read is felt by the server at once.
func startStalling(t *testing.T, args ...string) *device.Device {
	t.Helper()
	needNamespaces(t)
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip(err)
	}
	return device.Start(t, device.Options{Wrap: device.SmallBuffers(), OwnNetwork: true, Args: args})
}

// run measures the crowd without a slow reader, then 99 readers beside one. It
// returns the slow one, which has read one message.
func (c stall) run(t *testing.T, d *device.Device) (slow *device.Socket) {
	t.Helper()
	c.beside99(t, d, func() {
		slow = dialStalled(t, d, c.path)
	})
	return slow
}

// dialStalled opens a socket that reads its first message and no more by itself:
// by then it has its place in the events.
func dialStalled(t *testing.T, d *device.Device, path string) *device.Socket {
	t.Helper()
	s := d.DialWith(path, device.DialOptions{Manual: true, ReceiveBuffer: 2304})
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	if _, err := s.Read(ctx); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return s
}

// beside99 is run with a slow reader that the caller opens when it is told.
func (c stall) beside99(t *testing.T, d *device.Device, openSlow func()) {
	t.Helper()
	readers := cmp.Or(c.readers, 100)
	if device.Race {
		readers = 20 // the test itself is what gets slow
	}
	load := c.load
	if load == nil {
		load = func(int) {}
	}
	alone := join(t, d, c.path, readers, c.events)
	load(c.baseline)
	alone.gather(c.baseline)
	usual, events := alone.slowest()
	alone.leave()
	memory := d.RSS()

	openSlow()
	beside := join(t, d, c.path, readers-1, c.events)
	load(c.beside)
	beside.gather(c.beside)
	delay, eventsBeside := beside.slowest()
	t.Logf("the last of %d has an event after %v in the middle, of %d events; beside a stalled one after %v, of %d; memory %d and %d MiB",
		readers, usual, events, delay, eventsBeside, memory>>20, d.RSS()>>20)
	// One that held up the others would do so for seconds.
	if delay > 3*usual+500*time.Millisecond {
		t.Errorf("beside a stalled reader events take %v, without it %v", delay, usual)
	}
	if grown := d.RSS() - memory; grown > stallBudget && !device.Race {
		t.Errorf("the server has grown by %d MiB", grown>>20)
	}
	if c.lossless {
		alone.wantSame()
		beside.wantSame()
		if eventsBeside != c.beside {
			t.Errorf("%d different events, want %d", eventsBeside, c.beside)
		}
		return
	}
	// Of the newest state a reader gets what it has time for. Since they come one
	// after the other they do not see the same events anyway.
	if c.beside*events*2 < c.baseline*eventsBeside {
		t.Errorf("readers got %d events of %d each, without a stalled one %d of %d", c.beside, eventsBeside, c.baseline, events)
	}
}

// readTimes reads from the stalled one until an event made at or after until. It
// returns when the events that it gets were made.
func readTimes(t *testing.T, s *device.Socket, until time.Time, madeMS func(device.Message) (float64, bool)) (made []float64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	for {
		m, err := s.Read(ctx)
		if err != nil {
			t.Fatalf("the stalled reader has read %d messages: %v", len(made), err)
		}
		at, counts := madeMS(m)
		if !counts {
			continue
		}
		made = append(made, at)
		if at >= float64(until.UnixMilli()) {
			return made
		}
	}
}

// wantLatest checks that a reader of the newest state, when it reads again, gets
// what was under way, then the newest, and nothing in between.
func wantLatest(t *testing.T, s *device.Socket, sampled int, interval time.Duration, madeMS func(device.Message) (float64, bool)) {
	t.Helper()
	resumed := time.Now()
	made := readTimes(t, s, resumed, madeMS)
	gap := 0.0
	for i := 1; i < len(made); i++ {
		if made[i] < made[i-1] {
			t.Errorf("a sample of %v comes after one of %v", made[i], made[i-1])
		}
		gap = max(gap, made[i]-made[i-1])
	}
	t.Logf("the stalled one has got %d of about %d samples, with a gap of %v ms", len(made), sampled, gap)
	if len(made) > sampled/2 {
		t.Errorf("the stalled reader has got %d samples of %d: it did not stall", len(made), sampled)
	}
	if gap < 4*float64(interval.Milliseconds()) {
		t.Errorf("no samples were skipped: the largest gap is %v ms", gap)
	}
	last, before := made[len(made)-1], 0.0
	if len(made) > 1 {
		before = made[len(made)-2]
	}
	if newest := float64(resumed.UnixMilli()); last < newest || before < newest-3*float64(interval.Milliseconds())-500 {
		t.Errorf("resumed at %v, the newest samples are of %v and %v", newest, before, last)
	}
}

// paced returns a load of so many events a second.
func paced(perSecond int, one func()) func(int) {
	return func(events int) {
		tick := time.NewTicker(time.Second / time.Duration(perSecond))
		defer tick.Stop()
		for range events {
			<-tick.C
			one()
		}
	}
}

// stampedLines finds lines that begin with the Unix time in microseconds at which
// they were written and a number, in the text that messages have as a member. A
// message has one whole line, without its end, or any part of a text.
func stampedLines(member string) func() func(device.Message) []arrival {
	return func() func(device.Message) []arrival {
		var part string
		return func(m device.Message) (found []arrival) {
			text, _ := m.Map()[member].(string)
			if member == "line" {
				text += "\n"
			}
			part += text
			for {
				line, rest, whole := strings.Cut(part, "\n")
				if !whole {
					return found
				}
				part = rest
				if made, key, ok := readStamp(line); ok {
					found = append(found, arrival{key, m.At.Sub(made)})
				}
			}
		}
	}
}

func readStamp(line string) (made time.Time, key string, ok bool) {
	fields := strings.Fields(line)
	if len(fields) != 3 || len(fields[0]) != 16 {
		return time.Time{}, "", false
	}
	at, err := strconv.ParseInt(fields[0], 10, 64)
	return time.UnixMicro(at), fields[1], err == nil
}

// wantTryLater checks that a reader that has stalled for more than 10 s gets
// what was under way, without a gap, and then the close code 1013.
func wantTryLater(t *testing.T, s *device.Socket, text func(device.Message) string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	var seen strings.Builder
	messages := 0
	for {
		m, err := s.Read(ctx)
		var closed websocket.CloseError
		if errors.As(err, &closed) {
			if closed.Code != websocket.StatusTryAgainLater {
				t.Errorf("the stalled reader was closed with %d %q, want 1013", closed.Code, closed.Reason)
			}
			break
		}
		if err != nil {
			t.Fatalf("the stalled reader has read %d messages: %v", messages, err)
		}
		messages++
		seen.WriteString(strings.TrimSuffix(text(m), "\n") + "\n")
	}
	t.Logf("the stalled one has got %d messages and was closed with 1013", messages)
	last := 0
	for line := range strings.Lines(seen.String()) {
		fields := strings.Fields(line)
		if len(fields) < 3 { // a line in two messages
			continue
		}
		if n, err := strconv.Atoi(fields[1]); err == nil && len(fields[0]) == 16 {
			if last > 0 && n != last+1 {
				t.Errorf("line %d comes after line %d", n, last)
			}
			last = n
		}
	}
}
