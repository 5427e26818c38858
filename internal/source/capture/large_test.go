package capture

import (
	"io"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// zeros is a body of so many bytes.
type zeros int64

func (z *zeros) Read(p []byte) (int, error) {
	n := min(int64(len(p)), int64(*z))
	if *z -= zeros(n); n == 0 {
		return 0, io.EOF
	}
	return int(n), nil
}

// TestMemoryIsBounded: a gigabyte each way at the same time costs no more than the
// limits of what is kept.
func TestMemoryIsBounded(t *testing.T) {
	const size, most = 1 << 30, 96 << 20
	server := plainServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body)
			return
		}
		body := zeros(size)
		_, _ = io.Copy(w, &body)
	}))
	s := newStage(t, nil)
	client := s.client(false)
	client.Timeout = 0
	var moved [2]atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		resp, err := client.Get(server.URL)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil {
			t.Error(err)
		}
		moved[0].Store(n)
	})
	wg.Go(func() {
		body := zeros(size)
		resp, err := client.Post(server.URL, "application/octet-stream", io.MultiReader(&body))
		if err != nil {
			t.Error(err)
			return
		}
		_ = resp.Body.Close()
		moved[1].Store(size - int64(body))
	})
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	var peak uint64
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(5 * time.Millisecond): // the next sample
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
	}
	if moved[0].Load() != size || moved[1].Load() != size {
		t.Errorf("%d bytes came down and %d went up", moved[0].Load(), moved[1].Load())
	}
	if peak > most {
		t.Errorf("the heap has grown to %d MiB", peak>>20)
	}
	for _, x := range s.wait(2) {
		if len(x.RequestBody.Data) > s.rec.Network.BodyLimit() || max(x.RequestSize, x.ResponseSize) != size {
			t.Errorf("recorded %+v", x.Summary)
		}
	}
	t.Logf("the heap has grown to %d MiB at the most", peak>>20)
}
