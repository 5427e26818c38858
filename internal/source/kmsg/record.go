package kmsg

import (
	"bytes"
	"errors"
	"strconv"
	"time"
)

// errSyntax says that bytes are not a record.
var errSyntax = errors.New("not a record of the kernel log")

// record is one record of the kernel log.
type record struct {
	level int           // syslog level, 0 to 7
	seq   uint64        // dense number of the record
	since time.Duration // since boot
	text  string        // may hold newlines and any bytes
}

// parse reads a record as described in Documentation/ABI/testing/dev-kmsg:
//
//	prio,seq,usec,flags[,more];text\n[ KEY=value\n…]
//
// prio is facility*8+level. Unknown further fields and the dictionary behind
// the text are ignored, and \xNN in the text stands for a byte.
func parse(b []byte) (record, error) {
	head, text, found := bytes.Cut(b, []byte{';'})
	fields := bytes.SplitN(head, []byte{','}, 5)
	if !found || len(fields) < 4 {
		return record{}, errSyntax
	}
	prio, err1 := strconv.ParseUint(string(fields[0]), 10, 32)
	seq, err2 := strconv.ParseUint(string(fields[1]), 10, 64)
	usec, err3 := strconv.ParseUint(string(fields[2]), 10, 53)
	if err1 != nil || err2 != nil || err3 != nil {
		return record{}, errSyntax
	}
	text, _, _ = bytes.Cut(text, []byte{'\n'})
	return record{level: int(prio & 7), seq: seq, since: time.Duration(usec) * time.Microsecond, text: unescape(text)}, nil
}

// unescape replaces \xNN, as which the kernel writes control characters,
// backslashes and all bytes beyond ASCII.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+3 < len(b) && b[i+1] == 'x' {
			if v, err := strconv.ParseUint(string(b[i+2:i+4]), 16, 8); err == nil {
				out = append(out, byte(v))
				i += 3
				continue
			}
		}
		out = append(out, b[i])
	}
	return string(out)
}
