package recorder

import (
	"net/url"
	"time"
)

// Bounds of an exchange's texts, in bytes.
const (
	maxURL     = 16 << 10
	maxHeaders = 64 << 10
	maxShort   = 1 << 10
)

// Exchange is one HTTP exchange that has finished or failed.
type Exchange struct {
	Summary
	Detail
}

// Summary is the part of an exchange that lists show.
type Summary struct {
	ID         string    // given by Network.Record
	Start      time.Time // when the request began
	Method     string    // upper case
	URL        string    // whole; secrets in it are the producer's business
	Host, Path string    // without port, without query; empty: taken from URL
	Status     int       // 0: there was no response
	StatusText string    // reason; empty: none
	Duration   time.Duration
	Error      string // why there was no response or why it ended early; empty: none
	// RequestType and ResponseType are media types without parameters.
	RequestType, ResponseType string
	// RequestSize and ResponseSize are the sizes of the bodies in bytes before
	// they were cut; negative: unknown.
	RequestSize, ResponseSize int64
}

// Detail is the part of an exchange that is shown on demand.
type Detail struct {
	RequestHeader, ResponseHeader map[string][]string
	RequestBody, ResponseBody     Body
	Protocol                      string // of the response, for example HTTP/2.0
	Timings                       Timings
}

// Body is what was captured of a body.
type Body struct {
	Data      []byte // as it is to be shown: decompressed, perhaps redacted
	Truncated bool   // Data is not all of it
}

// Timings are the phases of an exchange; negative or, if all are zero, unknown.
type Timings struct {
	DNS, Connect, TLS, Send, Wait, Receive time.Duration
}

// tidy fills in what follows from the rest and cuts what is too long.
func (x *Exchange) tidy(bodyLimit int) {
	x.Start = utc(x.Start)
	x.URL = cut(x.URL, maxURL)
	if x.Host == "" || x.Path == "" {
		if u, err := url.Parse(x.URL); err == nil {
			if x.Host == "" {
				x.Host = u.Hostname()
			}
			if x.Path == "" {
				x.Path = u.EscapedPath()
			}
		}
	}
	if x.Status < 100 || x.Status > 599 {
		x.Status = 0
	}
	x.Duration = max(x.Duration, 0)
	for _, text := range []*string{&x.Method, &x.Host, &x.StatusText, &x.RequestType, &x.ResponseType} {
		*text = cut(*text, maxShort)
	}
	x.Path, x.Error = cut(x.Path, maxURL), cut(x.Error, maxText)
	x.RequestBody.limit(bodyLimit)
	x.ResponseBody.limit(bodyLimit)
	x.RequestHeader, x.ResponseHeader = bounded(x.RequestHeader), bounded(x.ResponseHeader)
}

func (b *Body) limit(n int) {
	if len(b.Data) > n {
		// A copy, so that what is beyond the limit is freed.
		b.Data, b.Truncated = append([]byte(nil), b.Data[:n]...), true
	}
}

// bounded leaves headers out that are beyond the bound together.
func bounded(h map[string][]string) map[string][]string {
	if headerSize(h) <= maxHeaders {
		return h
	}
	room, small := maxHeaders, map[string][]string{}
	for name, values := range h {
		if n := headerSize(map[string][]string{name: values}); n <= room {
			small[name], room = values, room-n
		}
	}
	return small
}

func headerSize(h map[string][]string) int {
	n := 0
	for name, values := range h {
		n += len(name) + 32
		for _, v := range values {
			n += len(v) + 16
		}
	}
	return n
}

func (d *Detail) size() int {
	return 128 + headerSize(d.RequestHeader) + headerSize(d.ResponseHeader) + cap(d.RequestBody.Data) + cap(d.ResponseBody.Data)
}

func (s *Summary) size() int {
	return 256 + len(s.URL) + len(s.Host) + len(s.Path) + len(s.Error) + len(s.StatusText) + len(s.RequestType) + len(s.ResponseType)
}
