package wsconn

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
	"unicode/utf8"
)

// verdict is what a stream of frames amounts to: the messages in it, the pings
// that must be answered, and how it ends.
type verdict struct {
	messages []string // each with its kind in front
	pings    []string
	code     Code // of the close frame that the server sends; 0 if the stream just ends
}

// judge is a second implementation of RFC 6455 section 5 and RFC 7692 for
// masked input, written for clearness: it has the whole input in memory, copies
// all it likes, and shares no code with the reader.
func judge(input []byte, deflate bool, limit int) (v verdict) {
	var kind byte // of the message being put together, 0 if none
	var message []byte
	var compressed bool
	for {
		f, rest, ok := nextFrame(input)
		if !ok {
			return v
		}
		input = rest
		if v.code = f.violates(kind, deflate, len(message), limit); v.code != 0 {
			return v
		}
		if f.incomplete {
			return v
		}
		if f.op >= 8 {
			if done := v.control(f); done {
				return v
			}
			continue
		}
		if f.op != 0 {
			kind, compressed = f.op, f.rsv == 4
		}
		message = append(message, f.payload...)
		if !f.fin {
			continue
		}
		if v.code = v.deliver(kind, message, compressed, limit); v.code != 0 {
			return v
		}
		kind, message = 0, nil
	}
}

type refFrame struct {
	fin, masked bool
	rsv, op     byte
	length      uint64
	payload     []byte
	incomplete  bool // the payload is
}

// nextFrame takes a frame off the input. ok is false if not even its header is
// complete.
func nextFrame(in []byte) (f refFrame, rest []byte, ok bool) {
	if len(in) < 2 {
		return f, nil, false
	}
	f = refFrame{fin: in[0]>>7 == 1, rsv: in[0] >> 4 & 7, op: in[0] & 15, masked: in[1]>>7 == 1, length: uint64(in[1] & 127)}
	size := map[uint64]int{126: 2, 127: 8}[f.length]
	mask := 0
	if f.masked {
		mask = 4
	}
	in = in[2:]
	if len(in) < size+mask {
		return f, nil, false
	}
	switch size {
	case 2:
		f.length = uint64(binary.BigEndian.Uint16(in))
	case 8:
		f.length = binary.BigEndian.Uint64(in)
	}
	key := in[size : size+mask]
	in = in[size+mask:]
	if f.incomplete = uint64(len(in)) < f.length; f.incomplete {
		return f, nil, true
	}
	for i, b := range in[:f.length] {
		if f.masked {
			b ^= key[i%4]
		}
		f.payload = append(f.payload, b)
	}
	return f, in[f.length:], true
}

func (f refFrame) violates(open byte, deflate bool, have, limit int) Code {
	control, first := f.op >= 8, f.op == 1 || f.op == 2
	ok := f.length>>63 == 0 && f.masked &&
		(f.op <= 2 || f.op >= 8 && f.op <= 10) &&
		(f.rsv == 0 || f.rsv == 4 && deflate && first) &&
		(!control || f.fin && f.length <= 125) &&
		(control || first == (open == 0))
	switch {
	case !ok:
		return 1002
	case !control && f.length > uint64(limit-have):
		return 1009
	}
	return 0
}

// control handles a control frame and reports whether the stream ends with it.
func (v *verdict) control(f refFrame) bool {
	switch f.op {
	case 9:
		v.pings = append(v.pings, string(f.payload))
	case 8:
		v.code = closeCode(f.payload)
		return true
	}
	return false
}

func closeCode(p []byte) Code {
	if len(p) == 0 {
		return 1000
	}
	if len(p) == 1 {
		return 1002
	}
	c := binary.BigEndian.Uint16(p)
	for _, bad := range []uint16{1004, 1005, 1006} {
		if c == bad {
			return 1002
		}
	}
	if c < 1000 || c > 1014 && c < 3000 || c >= 5000 {
		return 1002
	}
	if !utf8.Valid(p[2:]) {
		return 1007
	}
	return Code(c)
}

func (v *verdict) deliver(kind byte, message []byte, compressed bool, limit int) Code {
	if compressed {
		r := flate.NewReader(io.MultiReader(bytes.NewReader(message), bytes.NewReader([]byte{0, 0, 0xff, 0xff, 1, 0, 0, 0xff, 0xff})))
		plain, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
		switch {
		case len(plain) > limit:
			return 1009
		case err != nil:
			return 1007
		}
		message = plain
	}
	if kind == 1 && !utf8.Valid(message) {
		return 1007
	}
	v.messages = append(v.messages, string(kind)+string(message))
	return 0
}
