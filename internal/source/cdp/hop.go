package cdp

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/network"

	"github.com/heliograph/heliograph/internal/recorder"
)

// respond takes the response of a hop.
func (h *hop) respond(r *network.Response) {
	h.response = r
	h.x.Status, h.x.StatusText = int(r.Status), r.StatusText
	h.x.ResponseHeader, h.x.ResponseType = headers(r.Headers), strings.ToLower(r.MimeType)
	h.x.Protocol = protocol(r.Protocol)
	switch {
	case r.FromServiceWorker:
		h.from = "service worker"
	case r.FromDiskCache:
		h.from = "disk cache"
	case r.FromPrefetchCache:
		h.from = "prefetch cache"
	}
}

// size notes how long the body is as it was transferred, without the framing of
// chunks. whole is what the browser says; most do not. What it counts itself has the
// framing in it, so that is used only for a compressed body of unannounced length.
func (h *hop) size(whole int64) {
	header := http.Header(h.x.ResponseHeader)
	announced, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	switch {
	case whole > 0:
		h.x.ResponseSize = whole
	case err == nil && announced >= 0 && h.x.Error == "" && h.x.Method != http.MethodHead:
		h.x.ResponseSize = announced
	case header.Get("Content-Encoding") != "" && h.encoded > 0:
		h.x.ResponseSize = h.encoded
	case !h.movedAt.IsZero() && h.decoded == 0 && len(h.x.ResponseBody.Data) == 0:
		h.x.ResponseSize = -1 // it came elsewhere
	default:
		h.x.ResponseSize = max(h.decoded, int64(len(h.x.ResponseBody.Data)))
	}
}

// end notes when a hop was over, in seconds of the browser's clock.
func (h *hop) end(at float64) {
	h.ended, h.endedAt = true, time.Now()
	h.x.Duration = seconds(at - h.begin)
	if h.response != nil && h.response.Timing != nil {
		h.x.Timings = timings(h.response.Timing, at)
	}
}

// unread reports whether a response has come as a whole, but the page does not read
// it: the browser does not call it finished then until the memory is needed.
func (h *hop) unread(now time.Time) bool {
	if h.response == nil || now.Sub(h.cameAt) < unreadPatience {
		return false
	}
	header := http.Header(h.x.ResponseHeader)
	announced, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil || header.Get("Content-Encoding") == "" && h.decoded >= announced {
		return err == nil
	}
	return h.encoded >= announced
}

// complete reports whether nothing more is to come for a hop.
func (h *hop) complete(now time.Time) bool {
	if !h.ended || h.fetches > 0 {
		return false
	}
	if h.response != nil && !h.hasExtra || now.Sub(h.endedAt) > extraPatience {
		return true
	}
	_, found := h.wire()
	return found
}

// wire returns which of the chain's headers are those of this hop, and whether both
// sides have come. A request that is sent again, such as after a demand for a password,
// is one hop with several: the one with the status that the page got counts.
func (h *hop) wire() (at int, found bool) {
	c := h.chain
	for at = c.extras; at < min(len(c.sent), len(c.got)); at++ {
		if s := c.got[at].status; h.response == nil || s == h.x.Status || s == http.StatusNotModified {
			return at, true
		}
	}
	return c.extras, false
}

// dress puts the headers on that were on the wire, which have cookies and what the
// browser adds, and the status that the server sent. A request that failed after
// the answer, such as for CORS, and the script of a worker have no other response than
// this.
func (h *hop) dress() {
	c := h.chain
	at, _ := h.wire()
	if h.hasExtra || h.response == nil {
		if len(c.sent) > at {
			h.x.RequestHeader = headers(c.sent[at])
		}
		if len(c.got) > at {
			h.x.ResponseHeader = headers(c.got[at].headers)
			h.x.Status, h.x.StatusText = h.status(c.got[at].status)
		}
		c.extras = at + 1
	}
	h.x.RequestType = mediaType(h.x.RequestHeader)
	if h.x.ResponseType == "" {
		h.x.ResponseType = mediaType(h.x.ResponseHeader)
	}
	if h.x.StatusText == "" && h.x.Status != 0 { // HTTP/2 has none
		h.x.StatusText = http.StatusText(h.x.Status)
	}
	if h.from != "" {
		h.x.StatusText = strings.TrimSpace(h.x.StatusText + " (from " + h.from + ")")
	}
	if n, err := strconv.ParseInt(http.Header(h.x.RequestHeader).Get("Content-Length"), 10, 64); err == nil && n >= 0 {
		h.x.RequestSize = n
	}
	if h.response == nil && h.x.Error == "" {
		h.size(0)
	}
	h.x.RequestBody.Truncated = h.x.RequestBody.Truncated || h.x.RequestSize > int64(len(h.x.RequestBody.Data))
}

// status returns the status on the wire. Where it is 304 the browser shows what it
// has kept, which did not come from the server.
func (h *hop) status(wire int) (int, string) {
	if wire == 0 || wire == h.x.Status {
		return h.x.Status, h.x.StatusText
	}
	if wire == http.StatusNotModified {
		h.x.ResponseBody, h.x.ResponseSize, h.from = recorder.Body{}, 0, ""
	}
	return wire, http.StatusText(wire)
}

// bodiless reports whether a hop's response can have no body.
func (h *hop) bodiless() bool {
	return h.response == nil && h.x.Error != "" || h.x.Method == http.MethodHead || h.x.Status == http.StatusNoContent || h.x.Status == http.StatusNotModified ||
		h.x.ResponseSize == 0 && h.decoded == 0
}

// headers returns headers as they are recorded: with canonical names, and the
// values that the browser joins by line feeds apart.
func headers(list network.Headers) map[string][]string {
	h := make(map[string][]string, len(list))
	for name, v := range list {
		s, ok := v.(string)
		if !ok {
			s = fmt.Sprint(v)
		}
		if !strings.HasPrefix(name, ":") { // of HTTP/2
			name = http.CanonicalHeaderKey(name)
		}
		h[name] = append(h[name], strings.Split(s, "\n")...)
	}
	return h
}

// mediaType returns the type of a body without parameters.
func mediaType(h map[string][]string) string {
	media, _, _ := strings.Cut(http.Header(h).Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// protocol returns a protocol's name as responses have it.
func protocol(name string) string {
	switch strings.ToLower(name) {
	case "h2":
		return "HTTP/2.0"
	case "h3":
		return "HTTP/3.0"
	case "http/1.0", "http/1.1":
		return strings.ToUpper(name)
	}
	return name
}

// timings returns the phases of an exchange that ended at a moment of the browser's
// clock, in seconds.
func timings(t *network.ResourceTiming, end float64) recorder.Timings {
	span := func(from, to float64) time.Duration {
		if from < 0 || to < from {
			return -1
		}
		return time.Duration((to - from) * float64(time.Millisecond))
	}
	p := recorder.Timings{
		DNS: span(t.DNSStart, t.DNSEnd), Connect: span(t.ConnectStart, t.ConnectEnd), TLS: span(t.SslStart, t.SslEnd),
		Send: span(t.SendStart, t.SendEnd), Wait: span(t.SendEnd, t.ReceiveHeadersEnd), Receive: -1,
	}
	if p.TLS > 0 {
		p.Connect -= p.TLS // here it is without
	}
	if t.ReceiveHeadersEnd > 0 {
		p.Receive = max(seconds(end-t.RequestTime)-time.Duration(t.ReceiveHeadersEnd*float64(time.Millisecond)), 0)
	}
	return p
}

func seconds(s float64) time.Duration {
	if s <= 0 || s > 1e9 {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
