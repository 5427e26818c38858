package devflow

import (
	"fmt"
	"time"
)

// Timestamp is a time in UTC as RFC 3339 has it, with the suffix Z and six digits
// of a second: 2026-03-04T09:15:30.125000Z. Those of other servers have three to
// seven digits.
type Timestamp string

// timestampForm is what servers of this package send.
const timestampForm = "2006-01-02T15:04:05.000000Z"

// NewTimestamp returns the form of t.
func NewTimestamp(t time.Time) Timestamp {
	return Timestamp(t.UTC().Format(timestampForm))
}

// AppendTimestamp appends the form of t, without quotes.
func AppendTimestamp(dst []byte, t time.Time) []byte {
	return t.UTC().AppendFormat(dst, timestampForm)
}

// Time returns the time. Any offset is understood.
func (t Timestamp) Time() (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, string(t))
	if err != nil {
		return time.Time{}, fmt.Errorf("read timestamp: %w", err)
	}
	return at, nil
}
