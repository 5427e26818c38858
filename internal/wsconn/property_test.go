package wsconn

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/internal/testkit/pipe"
)

// TestOrderAtRandom: any number of feeds and senders on one connection, with and
// without windows, compression and writev, readers of any speed, ends of any
// kind at any moment: what a client gets of each feed and each sender is a
// prefix of what was given, in order, and all of it if the server closed in
// peace after everything was taken.
func TestOrderAtRandom(t *testing.T) {
	runs := 30
	if testing.Short() {
		runs = 10
	}
	hub := NewHub(Options{})
	defer shutDown(t, hub)
	var all sync.WaitGroup
	for seed := range runs {
		all.Go(func() {
			r := &randomRun{t: t, seed: uint64(seed), random: rand.New(rand.NewPCG(uint64(seed), 7))}
			r.run(hub)
		})
	}
	all.Wait()
}

// randomRun is one connection with what happens to it.
type randomRun struct {
	t      *testing.T
	seed   uint64
	random *rand.Rand // used by run only
	conn   *Conn
	given  []int // by writer: how many messages it gave, once all is over
	wg     sync.WaitGroup
}

func (r *randomRun) run(hub *Hub) {
	server, client := pipe.New(1 << (6 + r.random.IntN(14)))
	deflate := r.random.IntN(2) == 0
	r.conn = newConn(hub, server, deflate, nil)
	r.conn.vector = r.random.IntN(2) == 0
	if err := hub.add(r.conn); err != nil {
		r.t.Error(err)
		return
	}
	hub.Go(r.conn, func(c *Conn) { _ = c.Serve(ignore) })
	r.startWriters()
	peaceful := r.startEnd(client)
	got, clean := r.readAll(client, deflate)
	_ = client.Close()
	r.wg.Wait()
	for writer, n := range got {
		if want := r.given[writer]; n > want || peaceful && clean && n != want {
			r.t.Errorf("seed %d: writer %d gave %d messages, %d came", r.seed, writer, want, n)
		}
	}
	if peaceful && !clean {
		r.t.Errorf("seed %d: the server closed in peace, the client saw no close frame", r.seed)
	}
}

// startWriters starts feeds and senders.
func (r *randomRun) startWriters() {
	writers := 1 + r.random.IntN(6)
	r.given = make([]int, writers)
	for w := range writers {
		count, most := r.random.IntN(200), 1+r.random.IntN(3000)
		random := rand.New(rand.NewPCG(r.seed, uint64(w)))
		if r.random.IntN(3) == 0 {
			r.wg.Go(func() { r.sendFrom(w, count, most, random) })
			continue
		}
		feed := &queueFeed{conn: r.conn}
		opts := FeedOptions{Window: r.random.IntN(3) * 5000, Hurry: r.random.IntN(2) == 0}
		r.wg.Go(func() { r.feedFrom(feed, w, count, most, random) })
		r.conn.AddFeed(feed, opts)
	}
}

func (r *randomRun) message(writer, n, most int, random *rand.Rand) *Frame {
	m := binary.BigEndian.AppendUint32([]byte{'A' + byte(writer)}, uint32(n))
	m = append(m, make([]byte, random.IntN(most))...)
	if random.IntN(2) == 0 {
		return Binary(m[:1], m[1:])
	}
	for i, b := range m[1:5] {
		m[1+i] = b & 0x7f // text; numbers are small
	}
	m[3], m[4] = byte(n>>7)&0x7f, byte(n)&0x7f
	m[2] = 0x7f // marks it
	return Text(m)
}

// parse takes a message apart.
func parse(m []byte) (writer, n int) {
	writer, n = int(m[0]-'A'), int(binary.BigEndian.Uint32(m[1:]))
	if m[2] == 0x7f {
		n = int(m[3])<<7 | int(m[4])
	}
	return writer, n
}

func (r *randomRun) sendFrom(w, count, most int, random *rand.Rand) {
	for n := range count {
		if r.conn.Send(context.Background(), r.message(w, n, most, random)) != nil {
			return
		}
		r.given[w]++
	}
}

func (r *randomRun) feedFrom(feed *queueFeed, w, count, most int, random *rand.Rand) {
	for n := range count {
		feed.add(r.message(w, n, most, random))
		if random.IntN(50) == 0 {
			<-time.After(time.Millisecond)
		}
	}
	r.given[w] = count
	for feed.left() > 0 {
		select {
		case <-r.conn.Context().Done():
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// startEnd arranges for the end of the connection. It reports whether the
// server closes it when all is written.
func (r *randomRun) startEnd(client *pipe.Conn) (peaceful bool) {
	kind, after := r.random.IntN(5), time.Duration(r.random.IntN(50))*time.Millisecond
	if kind < 2 {
		go func() { r.wg.Wait(); r.conn.Close(CodeNormal, "") }()
		return true
	}
	go func() {
		<-time.After(after)
		switch kind {
		case 2:
			r.conn.Close(CodeNormal, "")
		case 3:
			_, _ = client.Write(clientFrame(ws.OpClose, true, 0, nil))
		default:
			client.Reset()
		}
	}()
	return false
}

// readAll reads to the end, answering pings, and returns how many messages came
// of each writer and whether a close frame ended it.
func (r *randomRun) readAll(client net.Conn, deflate bool) (got []int, clean bool) {
	got = make([]int, len(r.given))
	for {
		h, payload, err := readFrame(client, deflate)
		switch {
		case err != nil:
			return got, false
		case h.OpCode == ws.OpPing:
			_, _ = client.Write(clientFrame(ws.OpPong, true, 0, payload))
		case h.OpCode == ws.OpClose:
			_, _ = client.Write(clientFrame(ws.OpClose, true, 0, payload))
			return got, true
		default:
			writer, n := parse(payload)
			if got[writer] != n {
				r.t.Errorf("seed %d: message %d of writer %d came after %d", r.seed, n, writer, got[writer])
				return got, false
			}
			got[writer]++
		}
	}
}

var errFrame = errors.New("broken frame")

// readFrame reads a server's frame.
func readFrame(r io.Reader, deflate bool) (h ws.Header, payload []byte, err error) {
	if h, err = ws.ReadHeader(r); err != nil {
		return h, nil, err
	}
	payload = make([]byte, h.Length)
	if _, err = io.ReadFull(r, payload); err != nil {
		return h, nil, err
	}
	if h.Rsv != 0 {
		if !deflate {
			return h, nil, fmt.Errorf("compressed without having been asked for: %w", errFrame)
		}
		payload, err = inflateMessage(payload, 1<<20)
	}
	return h, payload, err
}
