package changelog

import (
	"strings"
	"unicode/utf8"
)

// Origins of a change.
const (
	OriginHTTP = "http" // an HTTP request
	OriginWS   = "ws"   // a message on a socket
)

// Results of what was asked.
const (
	ResultOK     = "ok"     // it has taken effect
	ResultDenied = "denied" // the asker may not do it
	ResultFailed = "failed" // it was tried or was bad, and has not taken effect
)

// Bounds of the texts of an event, in bytes. Longer ones are cut.
const (
	maxPath   = 2048
	maxID     = 256
	maxMethod = 64
	maxWho    = 128
	maxDetail = 512
)

// Change is what somebody did, as told to [Log.Record] after it has taken
// effect or has been refused.
type Change struct {
	// Origin is OriginHTTP or OriginWS; anything else counts as OriginHTTP.
	Origin string
	// Method is the HTTP method in any case, or the type of the socket message.
	Method string
	// Path is the escaped URI path; for a socket message the path of the socket.
	// A query is cut off, as it may hold secrets.
	Path string
	// RequestID is the request's id; empty means none.
	RequestID string
	// Who is the name of the token or identity that asked, never the token;
	// empty means unknown.
	Who string
	// Remote is the address it came from, as host:port or host.
	Remote string
	// Status is the HTTP status of the answer; 0 for socket messages.
	Status int
	// Result is one of the results; empty means that Status decides: 2xx, 101 and
	// 0 are ok, 401, 403 and 429 denied, all else failed.
	Result string
	// Detail says in a few words what was done or why it was not; it must hold no
	// secret.
	Detail string
}

// Event is an entry of the journal. It is immutable. Its JSON form is that of
// the journal file.
type Event struct {
	// Seq numbers the changes of one process from 1 without a hole; 0 marks an
	// audit entry.
	Seq uint64 `json:"seq,omitempty"`
	// Epoch identifies the process whose numbering Seq belongs to.
	Epoch string `json:"epoch"`
	// TimestampMS is when it was recorded, in Unix milliseconds.
	TimestampMS int64 `json:"timestamp_ms"`
	// Origin is OriginHTTP or OriginWS.
	Origin string `json:"origin"`
	// Domain, Kind, Entity and ResourceID are those of [Classify].
	Domain     string  `json:"domain"`
	Kind       string  `json:"kind"`
	Entity     string  `json:"entity"`
	ResourceID *string `json:"resource_id,omitempty"`
	// Operation is create, update or delete; empty only in an audit entry for a
	// method that changes nothing.
	Operation string `json:"operation,omitempty"`
	// Revision counts the changes of one Kind and ResourceID; 0 in an audit entry.
	Revision uint64 `json:"revision,omitempty"`
	// Path is the URI path without the query.
	Path string `json:"path"`
	// Method is the lower-case HTTP method, or the type of the socket message.
	Method string `json:"method,omitempty"`
	// RequestID, Who, Remote, Status and Detail are those of [Change].
	RequestID string `json:"request_id,omitempty"`
	Who       string `json:"who,omitempty"`
	Remote    string `json:"remote,omitempty"`
	Status    int    `json:"status,omitempty"`
	Detail    string `json:"detail,omitempty"`
	// Result is ResultOK, ResultDenied or ResultFailed.
	Result string `json:"result"`
}

// IsChange reports whether the event is a numbered change that clients of the
// device API see, and not just an audit entry.
func (e Event) IsChange() bool { return e.Seq > 0 }

// newEvent makes an event of c that has no numbers and no time yet, and tells
// whether it is a change.
func newEvent(c Change) (Event, bool) {
	path, _, _ := strings.Cut(c.Path, "?")
	e := Event{
		Origin:    OriginHTTP,
		Path:      clip(path, maxPath),
		Method:    clip(c.Method, maxMethod),
		RequestID: clip(c.RequestID, maxID),
		Who:       clip(c.Who, maxWho),
		Remote:    clip(c.Remote, maxWho),
		Status:    c.Status,
		Detail:    clip(c.Detail, maxDetail),
		Result:    result(c),
	}
	if c.Origin == OriginWS {
		e.Origin = OriginWS
	} else {
		e.Method = strings.ToLower(e.Method)
	}
	e.Operation = operation(e.Origin, e.Method)
	kind, entity, id := Classify(e.Method, e.Path)
	if id != nil {
		clipped := clip(*id, maxID)
		e.ResourceID = &clipped
	}
	e.Domain, e.Kind, e.Entity = Domain(kind), kind, entity
	return e, e.Result == ResultOK && visible(e)
}

func result(c Change) string {
	switch {
	case c.Result == ResultOK, c.Result == ResultDenied, c.Result == ResultFailed:
		return c.Result
	case c.Status == 0, c.Status == 101, success(c.Status):
		return ResultOK
	case c.Status == 401, c.Status == 403, c.Status == 429:
		return ResultDenied
	}
	return ResultFailed
}

func success(status int) bool { return status >= 200 && status <= 299 }

// visible reports whether an event that has taken effect is one that the device
// API tells its clients: a mutating request under /v1 that was answered with
// 2xx, or a graph change made through a stream's update socket.
func visible(e Event) bool {
	if e.Origin == OriginWS {
		return e.Kind == KindStreamPipeline && !isHTTP(e.Method)
	}
	segs := segments(e.Path)
	return Mutates(e.Method) && success(e.Status) && len(segs) > 0 && segs[0] == "v1"
}

// clip makes s valid UTF-8 of at most limit bytes. It copies, so that an event
// does not hold on to a larger buffer of a request.
func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > limit {
		for limit > 0 && !utf8.RuneStart(s[limit]) {
			limit--
		}
		s = s[:limit]
	}
	return strings.Clone(s)
}
