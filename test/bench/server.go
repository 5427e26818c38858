package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gobwas/ws"

	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// publisher is a server that can be told to publish one message to all its
// clients; it returns false when even the fastest of them is far behind.
type publisher interface {
	handler() http.Handler
	publish(payload []byte) bool
}

func serve(role string) {
	var p publisher
	switch role {
	case "floor":
		p = &floor{}
	default:
		p = newProduct()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() { _ = (&http.Server{Handler: p.handler()}).Serve(l) }()
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(result{Addr: l.Addr().String()})
	in := json.NewDecoder(os.Stdin)
	for {
		var cmd command
		if in.Decode(&cmd) != nil {
			return
		}
		_ = out.Encode(obey(cmd, p))
	}
}

func obey(cmd command, p publisher) result {
	cpu, began := cpuTime(), time.Now()
	var n uint64
	if cmd.Op == "publish" {
		n = publishFor(p, cmd.Publish, time.Duration(cmd.For)*time.Millisecond)
	}
	return result{CPU: cpuTime() - cpu, RSS: rssOf(os.Getpid()), Published: n, Seconds: time.Since(began).Seconds()}
}

// publishFor publishes 1 KiB messages, at a rate or as fast as they are taken.
func publishFor(p publisher, rate int, length time.Duration) uint64 {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 64)
	began := time.Now()
	var n uint64
	for time.Since(began) < length {
		if rate > 0 && n >= uint64(time.Since(began).Seconds()*float64(rate)) {
			time.Sleep(200 * time.Microsecond)
			continue
		}
		if !p.publish(payload) {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		n++
	}
	return n
}

func cpuTime() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// rssOf returns the resident memory of a process, in bytes.
func rssOf(pid int) int64 {
	data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	s := bufio.NewScanner(bytes.NewReader(data))
	for s.Scan() {
		if v, ok := strings.CutPrefix(s.Text(), "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(v, "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// floor is the least that delivers a message to N clients: encoded once, one
// goroutine and one ring of frames per client, one writev for up to 64 frames.
// It has no reader, no limits, no keep-alive and no policy.
type floor struct {
	mu    sync.Mutex
	conns []*floorConn
}

type floorConn struct {
	mu    sync.Mutex
	ready *sync.Cond
	queue [][]byte
}

const floorQueue = 1024

func (f *floor) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, _, _, err := ws.UpgradeHTTP(r, w)
		if err != nil {
			return
		}
		c := &floorConn{}
		c.ready = sync.NewCond(&c.mu)
		f.mu.Lock()
		f.conns = append(f.conns, c)
		f.mu.Unlock()
		go c.write(nc)
	})
}

func (c *floorConn) write(nc net.Conn) {
	bufs := make(net.Buffers, 0, 64)
	for {
		c.mu.Lock()
		for len(c.queue) == 0 {
			c.ready.Wait()
		}
		n := min(len(c.queue), 64)
		bufs = append(bufs[:0], c.queue[:n]...)
		c.queue = c.queue[:copy(c.queue, c.queue[n:])]
		c.mu.Unlock()
		out := bufs
		if _, err := out.WriteTo(nc); err != nil {
			return
		}
	}
}

func (f *floor) publish(payload []byte) bool {
	frame := append([]byte{0x81, 126, byte(len(payload) >> 8), byte(len(payload))}, payload...)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.mu.Lock()
		full := len(c.queue) >= floorQueue
		c.mu.Unlock()
		if full {
			return false
		}
	}
	for _, c := range f.conns {
		c.mu.Lock()
		c.queue = append(c.queue, frame)
		c.mu.Unlock()
		c.ready.Signal()
	}
	return true
}

// product is the delivery path of heliograph: a topic, subscriptions with the
// gap policy, and connections with everything they do.
type product struct {
	hub   *wsconn.Hub
	topic *topic.Topic[[]byte]
	mu    sync.Mutex
	subs  []*topic.Subscription[[]byte]
}

func newProduct() *product {
	return &product{hub: wsconn.NewHub(wsconn.Options{}), topic: topic.New(topic.Options[[]byte]{Name: "bench", HistoryItems: floorQueue})}
}

type feed struct {
	sub   *topic.Subscription[[]byte]
	items [16]topic.Item[[]byte]
}

func (f *feed) Frames(dst []*wsconn.Frame, limit int) []*wsconn.Frame {
	for limit > 0 {
		n, _ := f.sub.Fill(f.items[:min(limit, len(f.items))])
		if n == 0 {
			return dst
		}
		for _, it := range f.items[:n] {
			frame, _ := topic.Encode(it.Event, topic.Key{Form: "bench"}, func(e *topic.Event[[]byte]) (*wsconn.Frame, error) {
				return wsconn.Text(e.Value), nil
			})
			dst = append(dst, frame)
		}
		limit -= n
	}
	return dst
}

func (p *product) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := p.hub.Upgrade(w, r)
		if err != nil {
			return
		}
		p.hub.Go(conn, func(c *wsconn.Conn) {
			if r.URL.Path == "/idle" {
				_ = c.Serve(func(wsconn.Kind, []byte) error { return nil })
				return
			}
			sub, err := p.topic.Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: c.Wake})
			if err != nil {
				return
			}
			defer sub.Close()
			p.mu.Lock()
			p.subs = append(p.subs, sub)
			p.mu.Unlock()
			c.AddFeed(&feed{sub: sub}, wsconn.FeedOptions{})
			_ = c.Serve(func(wsconn.Kind, []byte) error { return nil })
		})
	})
}

// publish paces like the floor: nobody may fall behind the history, or what is
// counted would not be what was delivered.
func (p *product) publish(payload []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.subs {
		if s.Lag() >= floorQueue-1 {
			return false
		}
	}
	p.topic.Publish(payload)
	return true
}
