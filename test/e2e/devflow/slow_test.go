package devflow

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// inSmallNetwork starts a program in a network in which the kernel holds only a few
// KiB for a client that does not read, so that the agent feels it at once.
func inSmallNetwork(t *testing.T, opts func(*agent) device.Options) *agent {
	t.Helper()
	if os.Geteuid() != 0 || exec.Command("unshare", "--net", "true").Run() != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("this test needs network namespaces")
		}
		t.Skip("this test needs network namespaces")
	}
	a := newAgent(t)
	o := opts(a)
	o.Wrap, o.OwnNetwork = device.SmallBuffers(), true
	a.Device = device.Start(t, o)
	return a
}

// load is what is recorded on a channel while a client reads nothing.
type load struct {
	path   string
	first  string // the message that tells that the client has its place; empty: none
	rounds int
	round  func(a *agent) // makes so many items
	items  int
	count  func(o object) int // items of a message
	// ends tells that the slow client is ended with 1013. Readings are left out for it
	// instead.
	ends bool
}

// one counts messages of a type.
func one(typ string) func(object) int {
	return func(o object) int {
		if o.typ() == typ {
			return 1
		}
		return 0
	}
}

// runLoads are those of any program.
func runLoads() []load {
	return []load{
		{
			path: "/ws/v1/logs?replay=1", first: "replay", rounds: 10, items: 500, count: one("log"), ends: true,
			round: func(a *agent) { a.log("info", "entry", "n", "500") },
		},
		{
			path: "/ws/v1/network?replay=1", first: "replay", rounds: 15, items: 100, count: one("request"), ends: true,
			// There is no server: an exchange that fails is one.
			round: func(a *agent) { a.fetch("GET", "http://127.0.0.1:1/{i}/", "n", "100", "size", "3000") },
		},
	}
}

// programLoads are those of a program with an agent in it: all channels.
func programLoads() []load {
	return append(runLoads(), []load{
		{
			path: "/ws/v1/ble?replay=1", first: "replay", rounds: 10, items: 500, count: one("ble_event"), ends: true,
			round: func(a *agent) { a.ble("notification", "n", "500") },
		},
		{
			path: "/ws/v1/ui/events", first: "lifecycle", rounds: 10, items: 500, count: one("treeChange"), ends: true,
			round: func(a *agent) { a.tell("/tree", "change", "modified", "type", "Row", "n", "500") },
		},
		{
			path: "/ws/v1/profiler?sessionId=current&limit=500", first: "batch", rounds: 7, items: 2000, ends: true,
			count: func(o object) int { return len(named(o.data().list("markers"), "type", "test")) },
			round: func(a *agent) { a.tell("/profile", "kind", "marker", "n", "2000", "name", strings.Repeat("x", 100)) },
		},
		{
			path: "/ws/v1/device/sensors?sensor=compass&speed=Fastest&throttleMs=0", first: "subscribed", rounds: 5, items: 20, count: one("reading"),
			round: func(*agent) {},
		},
	}...)
}

// TestSlowReaders: section 2.6 and 8.6: on each channel one client reads nothing. The
// application and a second client of each channel go on undisturbed and miss nothing;
// the slow ones are ended with 1013.
func TestSlowReaders(t *testing.T) {
	t.Parallel()
	t.Run("program", func(t *testing.T) {
		t.Parallel()
		a := inSmallNetwork(t, func(a *agent) device.Options { return device.Options{Program: a.program("-agent", "-keep", "100")} })
		a.besideSlow(programLoads())
	})
	t.Run("run", func(t *testing.T) {
		t.Parallel()
		a := inSmallNetwork(t, func(a *agent) device.Options { return device.Options{Run: a.program()} })
		a.besideSlow(runLoads())
	})
}

// besideSlow opens two clients of each channel, of which one reads nothing, and makes
// the loads.
func (a *agent) besideSlow(loads []load) {
	a.t.Helper()
	a.session(`{"sampleIntervalMs":50}`)
	slow, good := make([]*device.Raw, len(loads)), make([]*socket, len(loads))
	for i, l := range loads {
		slow[i], good[i] = a.DialRawSlow(l.path, 2304), a.open(l.path)
		slow[i].Find(ws.OpText)
		good[i].next(l.first)
	}
	for i, l := range loads {
		begin := time.Now()
		l.read(a, good[i])
		switch code, got := endOf(slow[i], l.ends); {
		case code == cut && l.ends && time.Since(begin) > closePatience:
			// It was ended in the middle of the load, and had to take the close frame by then.
			a.t.Logf("%s: on a busy machine: %s", l.path, got)
		case l.ends && code != 1013:
			a.t.Errorf("%s: a client that reads nothing is ended with %d %s", l.path, code, got)
		case !l.ends && code != 0:
			a.t.Errorf("%s: a client that reads nothing is ended with %d", l.path, code)
		}
	}
	// The good ones are still there.
	for _, s := range good {
		s.Ping()
	}
}

// read makes the load and reads what comes of it, round by round.
func (l load) read(a *agent, s *socket) {
	a.t.Helper()
	got := 0
	for round := range l.rounds {
		l.round(a)
		for got < (round+1)*l.items {
			m, err := s.TryNext(device.Patience)
			if err != nil {
				a.t.Errorf("%s: after %d items: %v", l.path, got, err)
				return
			}
			got += l.count(s.check(m))
		}
	}
	if got != l.rounds*l.items && l.ends {
		a.t.Errorf("%s: %d items, want %d", l.path, got, l.rounds*l.items)
	}
}

const (
	// closePatience is for how long a client that is ended can take the close frame.
	closePatience = 5 * time.Second
	// cut is what endOf returns for a connection that ends without a close frame.
	cut = -1
)

// endOf reads what is left for a slow client up to the close frame, or for a moment
// where none is expected.
func endOf(slow *device.Raw, ends bool) (code int, trouble string) {
	end := time.Now().Add(device.Patience)
	if !ends {
		end = time.Now().Add(300 * time.Millisecond)
	}
	for n := 0; ; n++ {
		f, err := slow.Read(time.Until(end))
		switch {
		case err != nil && !ends:
			return 0, ""
		case err != nil:
			return cut, fmt.Sprintf("after %d frames: %v", n, err)
		case f.Op == ws.OpClose:
			code, _ := ws.ParseCloseFrameData(f.Payload)
			return int(code), "after " + strconv.Itoa(n) + " frames"
		}
	}
}
