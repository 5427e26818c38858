package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// viewer is a WebSocket that reads frames, as cheaply as can be, so that it takes
// little from the server on the same machine.
type viewer struct {
	nc  net.Conn
	r   *bufio.Reader
	buf []byte
}

// view opens a socket of frames.
func view(address, path string) (*viewer, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(nc, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, u.Host)
	v := &viewer{nc: nc, r: bufio.NewReaderSize(nc, 4096)}
	resp, err := http.ReadResponse(v.r, nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("open %s: %s", path, resp.Status)
	}
	return v, nil
}

// frame returns the next binary message, which is valid until the next call.
func (v *viewer) frame() ([]byte, error) {
	for {
		op, size, err := v.head()
		if err != nil {
			return nil, err
		}
		if cap(v.buf) < size {
			v.buf = make([]byte, size+size/4)
		}
		data := v.buf[:size]
		if _, err := io.ReadFull(v.r, data); err != nil {
			return nil, err
		}
		switch op {
		case 0x82:
			return data, nil
		case 0x89:
			pong := append([]byte{0x8a, 0x80 | byte(size), 0, 0, 0, 0}, data...)
			if _, err := v.nc.Write(pong); err != nil {
				return nil, err
			}
		case 0x81: // the format
		default:
			return nil, fmt.Errorf("a frame of type %#x", op)
		}
	}
}

// head reads the header of a frame that a server has sent.
func (v *viewer) head() (op byte, size int, err error) {
	var b [8]byte
	if _, err = io.ReadFull(v.r, b[:2]); err != nil {
		return 0, 0, err
	}
	op, size = b[0], int(b[1])
	switch size {
	case 126:
		_, err = io.ReadFull(v.r, b[:2])
		size = int(binary.BigEndian.Uint16(b[:]))
	case 127:
		_, err = io.ReadFull(v.r, b[:8])
		size = int(binary.BigEndian.Uint64(b[:]))
	}
	return op, size, err
}

// watched is what one viewer has seen.
type watched struct {
	frames  int
	began   time.Time
	ended   time.Time
	delays  []time.Duration // from being sent to being read
	numbers []uint64
}

func (w watched) fps() float64 {
	if w.frames < 2 {
		return 0
	}
	return float64(w.frames-1) / w.ended.Sub(w.began).Seconds()
}

// repeats counts the frames whose number is not higher than that before.
func (w watched) repeats() (n int) {
	for i := 1; i < len(w.numbers); i++ {
		if w.numbers[i] <= w.numbers[i-1] {
			n++
		}
	}
	return n
}

// watch reads for a while with n viewers, after a second in which all get going. look
// is told of each frame, by many goroutines.
func watch(address, path string, n int, length time.Duration, look func(w *watched, data []byte, at time.Time)) ([]watched, error) {
	all := make([]watched, n)
	errs := make([]error, n)
	var running sync.WaitGroup
	start := time.Now().Add(time.Second)
	end := start.Add(length)
	for i := range n {
		v, err := view(address, path)
		if err != nil {
			return nil, err
		}
		defer v.nc.Close()
		if err := v.nc.SetReadDeadline(end.Add(5 * time.Second)); err != nil {
			return nil, err
		}
		running.Go(func() { errs[i] = all[i].read(v, start, end, look) })
	}
	running.Wait()
	return all, errors.Join(errs...)
}

func (w *watched) read(v *viewer, start, end time.Time, look func(w *watched, data []byte, at time.Time)) error {
	for {
		data, err := v.frame()
		at := time.Now()
		switch {
		case err != nil:
			return err
		case at.After(end):
			return nil
		case at.Before(start):
			continue
		}
		if w.frames == 0 {
			w.began = at
		}
		w.frames, w.ended = w.frames+1, at
		look(w, data, at)
	}
}

// stamped is a look for frames of the camera.
func stamped(w *watched, data []byte, at time.Time) {
	if seq, sent, ok := stampOf(data); ok {
		w.numbers = append(w.numbers, seq)
		w.delays = append(w.delays, at.Sub(sent))
	}
}

// summary is what a group of viewers has seen.
func summary(all []watched) string {
	slowest, repeats := all[0].fps(), 0
	var delays []time.Duration
	for _, w := range all {
		slowest = min(slowest, w.fps())
		repeats += w.repeats()
		delays = append(delays, w.delays...)
	}
	var s strings.Builder
	fmt.Fprintf(&s, "slowest viewer %.2f fps, %d repeats", slowest, repeats)
	if len(delays) > 0 {
		slices.Sort(delays)
		fmt.Fprintf(&s, ", delay p50 %.2f ms, p99 %.2f ms, worst %.1f ms", ms(delays[len(delays)/2]), ms(delays[len(delays)*99/100]), ms(delays[len(delays)-1]))
	}
	return s.String()
}
