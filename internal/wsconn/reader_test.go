package wsconn

import (
	"bytes"
	"errors"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// script is a transport that has been written to by the peer and swallows what
// is written to it. It hands out the input in pieces of the given sizes.
type script struct {
	net.Conn
	input  []byte
	pieces []byte // sizes, used in turn; empty: as much as there is
	reads  int
}

func (s *script) Read(p []byte) (int, error) {
	if len(s.input) == 0 {
		return 0, io.EOF
	}
	n := min(len(p), len(s.input))
	if len(s.pieces) > 0 {
		n = min(n, 1+int(s.pieces[s.reads%len(s.pieces)]))
		s.reads++
	}
	copy(p, s.input[:n])
	s.input = s.input[n:]
	return n, nil
}

func (s *script) Write(p []byte) (int, error)      { return len(p), nil }
func (s *script) Close() error                     { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// readAll lets the reader read an input, the first bytes of it as what came with
// the handshake, and returns what it made of it.
func readAll(hub *Hub, input []byte, early int, pieces []byte, deflate bool) (v verdict) {
	early = min(early, len(input))
	s := &script{input: input[early:], pieces: pieces}
	c := newConn(hub, s, deflate, input[:early])
	c.pump.Store(pumpRuns) // nothing is written: what is queued stays to be looked at
	err := c.read(func(kind Kind, p []byte) error {
		v.messages = append(v.messages, string(byte(kind))+string(p))
		v.pings = append(v.pings, c.takePongs()...)
		return nil
	})
	v.pings = append(v.pings, c.takePongs()...)
	var refuse *CloseError
	switch {
	case errors.As(err, &refuse):
		v.code = refuse.Code
	case errors.Is(err, errCloseFrame):
		v.code = Code(c.goodbye[2])<<8 | Code(c.goodbye[3])
	case !errors.Is(err, ErrPeerClosed):
		panic(err)
	}
	return v
}

// takePongs takes the payloads of the pongs that wait.
func (c *Conn) takePongs() (payloads []string) {
	for _, frame := range c.control {
		if frame[0] == 0x80|byte(ws.OpPong) {
			payloads = append(payloads, string(frame[2:]))
		}
	}
	c.control = nil
	return payloads
}

func join(frames ...[]byte) []byte { return slices.Concat(frames...) }

func deflated(text string) []byte { return deflateMessage([]byte(text)) }

// unmasked returns a frame as a broken client sends it.
func unmasked(op ws.OpCode, payload string) []byte {
	return append(appendHeader(nil, op, 0, len(payload)), payload...)
}

func TestRulesOfFraming(t *testing.T) {
	text, bin, cont := ws.OpText, ws.OpBinary, ws.OpContinuation
	frame := clientFrame
	const rsv1, rsv2 = 0x40, 0x20
	for name, tt := range map[string]struct {
		input   []byte
		deflate bool
		want    verdict
	}{
		"text":                          {frame(text, true, 0, []byte("é")), false, verdict{messages: []string{"\x01é"}}},
		"empty":                         {frame(bin, true, 0, nil), false, verdict{messages: []string{"\x02"}}},
		"fragments":                     {join(frame(text, false, 0, []byte("\xc3")), frame(cont, false, 0, nil), frame(cont, true, 0, []byte("\xa9"))), false, verdict{messages: []string{"\x01é"}}},
		"ping between fragments":        {join(frame(text, false, 0, []byte("a")), frame(ws.OpPing, true, 0, []byte("p")), frame(cont, true, 0, []byte("b"))), false, verdict{messages: []string{"\x01ab"}, pings: []string{"p"}}},
		"close between fragments":       {join(frame(text, false, 0, []byte("a")), frame(ws.OpClose, true, 0, nil)), false, verdict{code: 1000}},
		"pong nobody asked for":         {frame(ws.OpPong, true, 0, []byte("x")), false, verdict{}},
		"nothing after close":           {join(frame(ws.OpClose, true, 0, nil), frame(text, true, 0, nil)), false, verdict{code: 1000}},
		"not masked":                    {unmasked(text, "x"), false, verdict{code: 1002}},
		"ping not masked":               {unmasked(ws.OpPing, ""), false, verdict{code: 1002}},
		"reserved opcode 3":             {frame(3, true, 0, nil), false, verdict{code: 1002}},
		"reserved opcode 11":            {frame(11, true, 0, nil), false, verdict{code: 1002}},
		"reserved bit 1, no deflate":    {frame(text, true, rsv1, nil), false, verdict{code: 1002}},
		"reserved bit 2":                {frame(text, true, rsv2, nil), true, verdict{code: 1002}},
		"reserved bit on continuation":  {join(frame(text, false, 0, nil), frame(cont, true, rsv1, nil)), true, verdict{code: 1002}},
		"reserved bit on ping":          {frame(ws.OpPing, true, rsv1, nil), true, verdict{code: 1002}},
		"fragmented ping":               {frame(ws.OpPing, false, 0, nil), false, verdict{code: 1002}},
		"ping of 125 bytes":             {frame(ws.OpPing, true, 0, make([]byte, 125)), false, verdict{pings: []string{string(make([]byte, 125))}}},
		"ping of 126 bytes":             {frame(ws.OpPing, true, 0, make([]byte, 126)), false, verdict{code: 1002}},
		"continuation of nothing":       {frame(cont, true, 0, nil), false, verdict{code: 1002}},
		"continuation after the end":    {join(frame(text, true, 0, nil), frame(cont, true, 0, nil)), false, verdict{messages: []string{"\x01"}, code: 1002}},
		"message inside a message":      {join(frame(text, false, 0, nil), frame(text, true, 0, nil)), false, verdict{code: 1002}},
		"length with the top bit":       {[]byte{0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, false, verdict{code: 1002}},
		"text that is not UTF-8":        {frame(text, true, 0, []byte("a\xff")), false, verdict{code: 1007}},
		"text cut inside a character":   {frame(text, true, 0, []byte("\xc3")), false, verdict{code: 1007}},
		"surrogate":                     {frame(text, true, 0, []byte("\xed\xa0\x80")), false, verdict{code: 1007}},
		"binary that is not UTF-8":      {frame(bin, true, 0, []byte("\xff")), false, verdict{messages: []string{"\x02\xff"}}},
		"limit":                         {frame(bin, true, 0, make([]byte, 1000)), false, verdict{messages: []string{"\x02" + string(make([]byte, 1000))}}},
		"beyond the limit":              {frame(bin, true, 0, make([]byte, 1001)), false, verdict{code: 1009}},
		"beyond the limit in fragments": {join(frame(bin, false, 0, make([]byte, 600)), frame(cont, true, 0, make([]byte, 401))), false, verdict{code: 1009}},
		"a claim of 2^62 bytes":         {[]byte{0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, false, verdict{code: 1009}},
		"compressed":                    {frame(text, true, rsv1, deflated("héliograph")), true, verdict{messages: []string{"\x01héliograph"}}},
		"compressed, stored":            {frame(text, true, rsv1, []byte{0x00, 0x03, 0x00, 0xfc, 0xff, 'a', 'b', 'c', 0x00}), true, verdict{messages: []string{"\x01abc"}}},
		"compressed and final":          {frame(text, true, rsv1, []byte{0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}), true, verdict{messages: []string{"\x01Hello"}}},
		"compressed in fragments":       {join(frame(text, false, rsv1, deflated("ab")[:2]), frame(cont, true, 0, deflated("ab")[2:])), true, verdict{messages: []string{"\x01ab"}}},
		"plain although deflate is on":  {frame(text, true, 0, []byte("a")), true, verdict{messages: []string{"\x01a"}}},
		"broken compression":            {frame(text, true, rsv1, []byte{0xff, 0xff, 0xff}), true, verdict{code: 1007}},
		"compressed but not UTF-8":      {frame(text, true, rsv1, deflated("\xff")), true, verdict{code: 1007}},
		"inflates to the limit":         {frame(bin, true, rsv1, deflated(strings.Repeat("a", 1000))), true, verdict{messages: []string{"\x02" + strings.Repeat("a", 1000)}}},
		"inflates beyond the limit":     {frame(bin, true, rsv1, deflated(strings.Repeat("a", 1001))), true, verdict{code: 1009}},
		"bomb":                          {frame(bin, true, rsv1, deflated(strings.Repeat("a", 900_000))), true, verdict{code: 1009}},
	} {
		t.Run(name, func(t *testing.T) {
			hub := NewHub(Options{ReadLimit: 1000})
			for early := range min(len(tt.input), 3) {
				got := readAll(hub, tt.input, early, nil, tt.deflate)
				if !got.equal(tt.want) {
					t.Errorf("got %+v, want %+v", got, tt.want)
				}
			}
			if ref := judge(tt.input, tt.deflate, 1000); !ref.equal(tt.want) {
				t.Errorf("the reference says %+v, want %+v", ref, tt.want)
			}
		})
	}
}

func (v verdict) equal(w verdict) bool {
	return v.code == w.code && slices.Equal(v.messages, w.messages) && slices.Equal(v.pings, w.pings)
}

// FuzzReader compares the reader with the reference, whatever the pieces in
// which the input comes, and bounds what it allocates.
func FuzzReader(f *testing.F) {
	add := func(deflate bool, frames ...[]byte) { f.Add(join(frames...), uint16(0), []byte(nil), deflate) }
	add(false, clientFrame(ws.OpText, true, 0, []byte("héliograph")))
	add(false, clientFrame(ws.OpText, false, 0, []byte("a")), clientFrame(ws.OpPing, true, 0, []byte("p")), clientFrame(ws.OpContinuation, true, 0, []byte("b")))
	add(false, clientFrame(ws.OpClose, true, 0, closePayload(1001, "bye")))
	add(true, clientFrame(ws.OpBinary, true, 0x40, deflated(strings.Repeat("ab", 2000))))
	add(true, clientFrame(ws.OpText, false, 0x40, deflated("ab")[:1]), clientFrame(ws.OpContinuation, true, 0, deflated("ab")[1:]))
	add(false, clientFrame(ws.OpBinary, true, 0, make([]byte, 70_000)))
	f.Add([]byte{0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}, uint16(3), []byte{0, 1, 2}, false)
	f.Fuzz(func(t *testing.T, input []byte, early uint16, pieces []byte, deflate bool) {
		const limit = 1 << 16
		hub := NewHub(Options{ReadLimit: limit})
		want := judge(input, deflate, limit)
		if len(want.pings) > maxControl {
			t.Skip("more pings than are answered")
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := readAll(hub, input, int(early), pieces, deflate)
		runtime.ReadMemStats(&after)
		if !got.equal(want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		// Each message is held, inflated and copied by the test; besides, an
		// inflater may have to be made.
		messages := uint64(len(want.messages) + 1)
		if took, most := after.TotalAlloc-before.TotalAlloc, 6*limit*messages+64*uint64(len(input))+(1<<20); took > most {
			t.Errorf("allocated %d bytes for %d bytes of input, at most %d are expected", took, len(input), most)
		}
	})
}

// TestClaimedLengthIsNotAllocated: a header that claims a large message costs
// nothing until the message comes.
func TestClaimedLengthIsNotAllocated(t *testing.T) {
	hub := NewHub(Options{ReadLimit: 1 << 30})
	header := clientFrame(ws.OpBinary, true, 0, nil)
	header = append([]byte{header[0], 0xff, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff}, header[2:]...)
	const runs = 100
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		readAll(hub, append(header, 1, 2, 3), 0, nil, false)
	}
	runtime.ReadMemStats(&after)
	allocated := (after.TotalAlloc - before.TotalAlloc) / runs
	if allocated > 128<<10 {
		t.Errorf("a claim of 1 GiB allocates %d bytes", allocated)
	}
}

// TestIdleReaderHoldsNoBuffer: what a connection keeps between messages is small,
// also after a large one.
func TestIdleReaderHoldsNoBuffer(t *testing.T) {
	hub := NewHub(Options{})
	l := newLink(t, hub, 1<<20, true, nil)
	var msg message
	in := &input{conn: l.conn, early: clientFrame(ws.OpBinary, true, 0, make([]byte, 100_000))}
	if err := in.await(); err != nil {
		t.Fatal(err)
	}
	h, err := ws.ReadHeaderBuffer(in, in.head[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := l.conn.readData(in, h, &msg, ignore); err != nil {
		t.Fatal(err)
	}
	if cap(msg.payload) > keepPayload {
		t.Errorf("%d bytes are kept of the message", cap(msg.payload))
	}
	_ = l.conn.nc.Close()
	if err := in.await(); !errors.Is(err, net.ErrClosed) || in.buf != nil || in.early != nil {
		t.Errorf("waits with a buffer, or %v", err)
	}
}

func TestFramesAreWhatTheyAreMadeOf(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 511, 512, 65535, 65536, 1 << 20} {
		payload := bytes.Repeat([]byte("heliogra"), size/8+1)[:size]
		appended, err := AppendText(size/2, true, func(dst []byte) ([]byte, error) { return append(dst, payload...), nil })
		if err != nil {
			t.Fatal(err)
		}
		for name, f := range map[string]*Frame{
			"text": Text(payload), "plain": PlainText(payload), "appended": appended,
			"binary": Binary(nil, payload), "prefixed": Binary(payload[:size/3], payload[size/3:]),
		} {
			if f.Len() != size || !bytes.Equal(f.Payload(), payload) {
				t.Errorf("%s of %d bytes: %d bytes long", name, size, f.Len())
			}
			for _, deflate := range []bool{false, true} {
				bufs, n := f.appendTo(nil, deflate)
				wire := slices.Concat(bufs...)
				if len(wire) != n {
					t.Errorf("%s of %d bytes: %d on the wire, said %d", name, size, len(wire), n)
				}
				if got := decode(t, wire); !bytes.Equal(got, payload) {
					t.Errorf("%s of %d bytes, deflate %v: %d bytes arrive", name, size, deflate, len(got))
				}
			}
		}
	}
	failure := errors.New("no")
	if _, err := AppendText(0, true, func([]byte) ([]byte, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("encoding failed with %v", err)
	}
}

// decode returns the message of a server's frame.
func decode(t *testing.T, wire []byte) []byte {
	t.Helper()
	r := bytes.NewReader(wire)
	h, err := ws.ReadHeader(r)
	if err != nil || int(h.Length) != r.Len() || !h.Fin || h.Masked {
		t.Fatalf("header %+v before %d bytes, %v", h, r.Len(), err)
	}
	payload := wire[len(wire)-r.Len():]
	if h.Rsv != 0 {
		if payload, err = inflateMessage(payload, 2<<20); err != nil {
			t.Fatal(err)
		}
	}
	return payload
}
