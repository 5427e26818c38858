package wsconn

import (
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/gobwas/ws"
)

// cycles is how often clients come and go; HELIOGRAPH_CYCLES sets it.
func cycles(t *testing.T) int {
	if text := os.Getenv("HELIOGRAPH_CYCLES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("HELIOGRAPH_CYCLES: %v", err)
		}
		return n
	}
	if testing.Short() {
		return 200
	}
	return 600
}

type usage struct {
	goroutines, files int
	heap              uint64
}

func used(t *testing.T) usage {
	t.Helper()
	runtime.GC()
	runtime.GC() // empties the pools
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{runtime.NumGoroutine(), openFiles(t), m.HeapAlloc}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// TestComingAndGoing: clients that connect, say something, and leave in every
// way there is, leave nothing behind.
func TestComingAndGoing(t *testing.T) {
	hub := NewHub(Options{})
	srv := realServer(t, hub, false, func(c *Conn) {
		c.AddFeed(&counter{size: 200, limit: 20}, FeedOptions{Window: 1000})
		_ = c.Serve(func(_ Kind, p []byte) error {
			switch string(p) {
			case "close":
				c.Close(CodeNormal, "")
			case "refuse":
				return &CloseError{Code: CodeUnsupported, Reason: "not this"}
			}
			return nil
		})
	})
	addr := srv.Listener.Addr().String()
	comeAndGo(t, addr, 100) // fills pools and caches
	waitFor(t, "the first to leave", func() bool { return hub.Stats().Open == 0 })
	before := used(t)
	total := cycles(t)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() { comeAndGo(t, addr, (total+w)/8) })
	}
	workers.Wait()
	waitFor(t, "all to leave", func() bool {
		return hub.Stats().Open == 0 && runtime.NumGoroutine() <= before.goroutines && openFiles(t) <= before.files
	})
	after := used(t)
	if after.heap > before.heap+256<<10 {
		t.Errorf("the heap grew from %d to %d bytes", before.heap, after.heap)
	}
	t.Logf("%d cycles: before %+v, after %+v", total, before, after)
}

func comeAndGo(t *testing.T, addr string, n int) {
	for i := range n {
		nc, err := net.Dial("tcp", addr)
		if err != nil {
			t.Errorf("cycle %d: %v", i, err)
			return
		}
		_, _ = io.WriteString(nc, handshakeRequest+"\r\n")
		var head [len("HTTP/1.1 101")]byte
		if _, err := io.ReadFull(nc, head[:]); err != nil || string(head[9:]) != strconv.Itoa(http.StatusSwitchingProtocols) {
			t.Errorf("cycle %d: %q, %v", i, head, err)
			return
		}
		leave(nc, i)
	}
}

// leave ends a connection in one of the ways a client has.
func leave(nc net.Conn, way int) {
	defer nc.Close()
	switch way % 6 {
	case 0: // says goodbye and waits for the answer
		_, _ = nc.Write(clientFrame(ws.OpClose, true, 0, nil))
		_, _ = io.Copy(io.Discard, nc)
	case 1: // makes the server say goodbye
		_, _ = nc.Write(clientFrame(ws.OpText, true, 0, []byte("close")))
		_, _ = io.CopyN(io.Discard, nc, 200)
	case 2: // does what is not taken
		_, _ = nc.Write(clientFrame(ws.OpText, true, 0, []byte("refuse")))
	case 3: // breaks off inside a frame
		_, _ = nc.Write(clientFrame(ws.OpText, true, 0, make([]byte, 1000))[:500])
	case 4: // resets
		_ = nc.(*net.TCPConn).SetLinger(0)
	}
}
