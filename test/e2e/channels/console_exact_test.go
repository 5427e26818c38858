package channels

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// floodSize is 100 MB, less with the race detector, or what the environment
// says in MB.
func floodSize(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("HELIOGRAPH_E2E_FLOOD_MB"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n * 1000 * 1000
	}
	if device.Race || testing.Short() {
		return 5 * 1000 * 1000
	}
	return 100 * 1000 * 1000
}

// 3.6, 2.4: a flood of mixed-width UTF-8 printed in odd chunks, three viewers of
// different speed, and attachments that come and go: what each of them sees is a
// part of what was printed, without a gap and without a duplicate. The fastest
// sees all of it; memory stays bounded.
func TestConsoleExact(t *testing.T) {
	const wantAttachments = 50
	f := newFlood(floodSize(t))
	d := start(t)
	shell := open(t, d, "")
	shell.run("PS1='$ '; echo rea$((1))dy")
	shell.expect("rea1dy")
	session := "/v1/ws/console?sessionId=" + shell.ready.SessionID
	fast := &viewer{t: t, f: f, s: d.DialWith(session, device.DialOptions{Manual: true})}
	before, began := d.RSS(), time.Now()
	shell.run(fmt.Sprintf("%s=%d %s", floodEnv, len(f.text), os.Args[0]))
	shell.Drop() // it was a fourth viewer

	var over atomic.Bool
	var attachments atomic.Int64
	var others sync.WaitGroup
	for i, speed := range []int{16 << 20, 2 << 20} {
		others.Go(func() {
			random := rand.New(rand.NewPCG(5, uint64(i)))
			for !over.Load() && !t.Failed() {
				s, _, err := d.TryDial(session, device.DialOptions{Manual: true, ReceiveBuffer: 64 << 10})
				if err != nil {
					t.Errorf("attach: %v", err)
					return
				}
				v := &viewer{t: t, f: f, s: s, speed: speed}
				v.watch(1 + random.IntN(1<<20))
				s.Drop()
				attachments.Add(1)
			}
		})
	}
	fast.watch(0)
	took := time.Since(began)
	over.Store(true)
	others.Wait()
	t.Logf("%d MB in %v, %d attachments, memory %d MiB before, %d MiB at most", len(f.text)/1000/1000, took, attachments.Load(), before>>20, d.PeakRSS()>>20)
	if fast.part.from != 0 || fast.part.at != len(f.text) {
		t.Errorf("the fastest viewer has seen %d to %d of %d", fast.part.from, fast.part.at, len(f.text))
	}
	if n := attachments.Load(); n < wantAttachments && len(f.text) > 50*1000*1000 {
		t.Errorf("only %d attachments while it ran", n)
	}
	if grown := d.PeakRSS() - before; grown > 64<<20 && !device.Race {
		t.Errorf("the server has grown by %d MiB", grown>>20)
	}
	// Who comes after the end finds the end in the replay.
	last := &viewer{t: t, f: f, s: d.DialWith(session, device.DialOptions{Manual: true})}
	last.watch(0)
	if seen := last.part.at - last.part.from; last.part.at != len(f.text) || seen < 500<<10 {
		t.Errorf("the replay shows %d to %d of %d", last.part.from, last.part.at, len(f.text))
	}
}

// viewer reads a console and checks what it sees.
type viewer struct {
	t     *testing.T
	f     *flood
	s     *device.Socket
	speed int // bytes a second; 0 is as fast as it can
	part  flooded
	seen  int
}

// pace waits until a viewer of that speed would have read what was seen.
func (v *viewer) pace(began time.Time) {
	if v.speed == 0 {
		return
	}
	due := began.Add(time.Duration(v.seen) * time.Second / time.Duration(v.speed))
	<-time.After(time.Until(due))
}

// watch reads until the end of the flood, until it has seen that many bytes (0:
// all), or until the server finds it too slow.
func (v *viewer) watch(atMost int) {
	ctx, cancel := context.WithTimeout(v.t.Context(), 5*time.Minute)
	defer cancel()
	v.part.f = v.f
	began := time.Now()
	for atMost == 0 || v.seen < atMost {
		m, err := v.s.Read(ctx)
		if websocket.CloseStatus(err) == websocket.StatusTryAgainLater && v.speed > 0 {
			return
		}
		if err != nil {
			v.t.Errorf("a viewer that has seen %d bytes: %v", v.seen, err)
			return
		}
		if m.Type() != "output" {
			continue
		}
		output := []byte(m.Map()["data"].(string))
		v.seen += len(output)
		ended, err := v.part.add(output)
		if err != nil {
			v.t.Errorf("a viewer that has seen %d bytes: %v", v.seen, err)
		}
		if ended || err != nil {
			return
		}
		v.pace(began)
	}
}
