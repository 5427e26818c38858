package journal

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/heliograph/heliograph/internal/logline"
)

// entry is what is read of a journal entry, as in systemd.journal-fields(7)
// and the JSON form of systemd's journal export formats.
type entry struct {
	Cursor     string `json:"__CURSOR"`
	Received   value  `json:"__REALTIME_TIMESTAMP"`
	Sent       value  `json:"_SOURCE_REALTIME_TIMESTAMP"`
	Host       value  `json:"_HOSTNAME"`
	Identifier value  `json:"SYSLOG_IDENTIFIER"`
	Command    value  `json:"_COMM"`
	PID        value  `json:"_PID"`
	SyslogPID  value  `json:"SYSLOG_PID"`
	Priority   value  `json:"PRIORITY"`
	Message    value  `json:"MESSAGE"`
}

// fieldNames are the fields that journalctl is asked for; it adds those that
// begin with two underscores by itself.
func fieldNames() []string {
	return []string{"_SOURCE_REALTIME_TIMESTAMP", "_HOSTNAME", "SYSLOG_IDENTIFIER", "_COMM", "_PID", "SYSLOG_PID", "PRIORITY", "MESSAGE"}
}

// decode replaces e with the entry in data, using e's memory again.
func (e *entry) decode(data []byte) error {
	e.Cursor = ""
	for _, v := range []*value{&e.Received, &e.Sent, &e.Host, &e.Identifier, &e.Command, &e.PID, &e.SyslogPID, &e.Priority, &e.Message} {
		*v = (*v)[:0]
	}
	return json.Unmarshal(data, e)
}

// value is the value of a field as bytes. journalctl writes it in several ways:
// a string; null if the field is too long; an array of numbers, its bytes, if
// it is not valid UTF-8; and an array of all these if the field occurs several
// times, which gives one line for each.
type value []byte

// UnmarshalJSON accepts everything: what is none of the above is no value.
func (v *value) UnmarshalJSON(data []byte) error {
	*v = appendValue((*v)[:0], data)
	return nil
}

func appendValue(to, data []byte) []byte {
	switch data[0] {
	case '"':
		if bytes.IndexByte(data, '\\') < 0 {
			return append(to, data[1:len(data)-1]...)
		}
		var s string
		_ = json.Unmarshal(data, &s) // data is valid JSON already
		return append(to, s...)
	case '[':
		return appendArray(to, data)
	case 'n', 't', 'f', '{':
		return to
	default: // a number; systemd writes them as strings
		return append(to, data...)
	}
}

// appendArray keeps to what journalctl nests: arrays of values that are
// themselves at most arrays of numbers.
func appendArray(to, data []byte) []byte {
	if all, ok := appendBytes(to, data); ok {
		return all
	}
	var values []json.RawMessage
	_ = json.Unmarshal(data, &values) // data is valid JSON already
	for i, one := range values {
		if i > 0 {
			to = append(to, '\n')
		}
		if one[0] != '[' {
			to = appendValue(to, one)
		} else if all, ok := appendBytes(to, one); ok {
			to = all
		}
	}
	return to
}

// appendBytes appends the bytes of an array of their numbers, and reports
// whether data is one. A message may have a million of them: encoding/json
// would take 30 times as long.
func appendBytes(to, data []byte) ([]byte, bool) {
	number := -1
	for _, c := range data[1:] {
		switch {
		case c >= '0' && c <= '9':
			if number = max(number, 0)*10 + int(c-'0'); number > 255 {
				return nil, false
			}
		case (c == ',' || c == ']') && number >= 0:
			to = append(to, byte(number))
			number = -1
		case c != ' ' && c != ']':
			return nil, false
		}
	}
	return to, true
}

// number returns the decimal number in v, or -1.
func (v value) number() int64 {
	if len(v) == 0 || len(v) > 18 {
		return -1
	}
	n := int64(0)
	for _, c := range v {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// format writes entries as lines.
type format struct {
	location *time.Location
}

// lines yields the lines of an entry that was read now.
func (f format) lines(e *entry, now time.Time, yield func(logline.Line) error) error {
	line := logline.Line{Read: now, Priority: logline.NoPriority}
	if p := e.Priority.number(); p >= 0 && p <= 7 {
		line.Priority = int(p)
	}
	prefix := f.prefix(e)
	for text := range logline.Split(string(e.Message)) {
		line.Text = logline.Clean(prefix + text)
		if err := yield(line); err != nil {
			return err
		}
	}
	return nil
}

// prefix is what "journalctl -o short-iso" writes before the message.
func (f format) prefix(e *entry) string {
	var b []byte
	at := e.Sent.number()
	if at < 0 {
		at = e.Received.number()
	}
	b = time.UnixMicro(max(at, 0)).In(f.location).AppendFormat(b, "2006-01-02T15:04:05-0700")
	if len(e.Host) > 0 {
		b = append(append(b, ' '), e.Host...)
	}
	b = append(b, ' ')
	switch {
	case len(e.Identifier) > 0:
		b = append(b, e.Identifier...)
	case len(e.Command) > 0:
		b = append(b, e.Command...)
	default:
		b = append(b, "unknown"...)
	}
	pid := e.PID
	if len(pid) == 0 {
		pid = e.SyslogPID
	}
	if len(pid) > 0 {
		b = append(append(append(b, '['), pid...), ']')
	}
	b = append(b, ": "...)
	for i, c := range b {
		if c == '\n' { // a repeated field
			b[i] = ' '
		}
	}
	return string(b)
}
