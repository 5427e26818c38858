// Package har writes captured HTTP exchanges as an HTTP Archive, version 1.2, which
// the developer tools of browsers and many others read. The format is that of
// http://www.softwareishard.com/blog/har-12-spec/. What an exchange does not have is
// -1 or left out, as the format has it; fields of our own begin with an underscore.
package har

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Write writes exchanges, which should be in the order in which they began, one at a
// time, so that an archive of any size needs the memory of one exchange. version is
// that of the program.
func Write(w io.Writer, version string, exchanges []recorder.Exchange) error {
	out := bufio.NewWriter(w)
	creator, err := json.Marshal(creator{"heliograph", version})
	if err != nil {
		return fmt.Errorf("encode the creator: %w", err)
	}
	fmt.Fprintf(out, `{"log":{"version":"1.2","creator":%s,"entries":[`, creator)
	for i := range exchanges {
		data, err := json.Marshal(newEntry(&exchanges[i]))
		if err != nil {
			return fmt.Errorf("encode exchange %s: %w", exchanges[i].ID, err)
		}
		if i > 0 {
			_ = out.WriteByte(',') // Flush has the error
		}
		_, _ = out.WriteString("\n")
		_, _ = out.Write(data)
	}
	_, _ = out.WriteString("\n]}}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	return nil
}

type creator struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

type entry struct {
	Started  string   `json:"startedDateTime"`
	Time     float64  `json:"time"` // ms
	Request  request  `json:"request"`
	Response response `json:"response"`
	Cache    struct{} `json:"cache"`
	Timings  timings  `json:"timings"`
	ID       string   `json:"_id"`
	Error    string   `json:"_error,omitempty"`
}

type request struct {
	Method      string   `json:"method"`
	URL         string   `json:"url"`
	HTTPVersion string   `json:"httpVersion"`
	Cookies     []pair   `json:"cookies"`
	Headers     []pair   `json:"headers"`
	Query       []pair   `json:"queryString"`
	PostData    *content `json:"postData,omitempty"`
	HeadersSize int      `json:"headersSize"`
	BodySize    int64    `json:"bodySize"`
}

type response struct {
	Status      int     `json:"status"`
	StatusText  string  `json:"statusText"`
	HTTPVersion string  `json:"httpVersion"`
	Cookies     []pair  `json:"cookies"`
	Headers     []pair  `json:"headers"`
	Content     content `json:"content"`
	RedirectURL string  `json:"redirectURL"`
	HeadersSize int     `json:"headersSize"`
	BodySize    int64   `json:"bodySize"`
}

type pair struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type content struct {
	Size     *int64 `json:"size,omitempty"` // of text, decoded; of a response only
	MimeType string `json:"mimeType"`
	Params   []pair `json:"params,omitempty"`
	Text     string `json:"text,omitempty"`
	Encoding string `json:"encoding,omitempty"`
	Comment  string `json:"comment,omitempty"`
}

type timings struct {
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"` // with TLS, as the format has it
	SSL     float64 `json:"ssl"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
}

func newEntry(x *recorder.Exchange) entry {
	version := x.Protocol
	if version == "" {
		version = "unknown"
	}
	e := entry{
		Started: x.Start.UTC().Format("2006-01-02T15:04:05.000Z"),
		Time:    ms(x.Duration),
		Request: request{
			Method: x.Method, URL: x.URL, HTTPVersion: version, Cookies: requestCookies(x.RequestHeader), Headers: headers(x.RequestHeader),
			Query: query(x.URL), HeadersSize: -1, BodySize: size(x.RequestSize),
		},
		Response: response{
			Status: x.Status, StatusText: x.StatusText, HTTPVersion: version, Cookies: responseCookies(x.ResponseHeader),
			Headers: headers(x.ResponseHeader), Content: body(x.ResponseType, x.ResponseBody), RedirectURL: first(x.ResponseHeader, "Location"),
			HeadersSize: -1, BodySize: size(x.ResponseSize),
		},
		Timings: phases(x.Timings, x.Duration),
		ID:      x.ID,
		Error:   x.Error,
	}
	shown := int64(len(x.ResponseBody.Data))
	e.Response.Content.Size = &shown
	if len(x.RequestBody.Data) > 0 {
		posted := body(x.RequestType, x.RequestBody)
		if x.RequestType == "application/x-www-form-urlencoded" {
			posted.Params = pairs(posted.Text)
		}
		e.Request.PostData = &posted
	}
	return e
}

// body returns what was captured of a body: text, or base64 of anything else.
func body(kind string, b recorder.Body) content {
	c := content{MimeType: kind}
	if utf8.Valid(b.Data) {
		c.Text = string(b.Data)
	} else {
		c.Text, c.Encoding = base64.StdEncoding.EncodeToString(b.Data), "base64"
	}
	if b.Truncated {
		c.Comment = "truncated"
	}
	return c
}

// phases divides the duration. Send, wait and receive must be numbers; what is
// unknown of them is 0, with the whole duration as waiting if nothing is known.
func phases(t recorder.Timings, whole time.Duration) timings {
	if t == (recorder.Timings{}) {
		return timings{DNS: -1, Connect: -1, SSL: -1, Wait: ms(whole)}
	}
	known := func(d time.Duration) float64 {
		if d <= 0 {
			return -1
		}
		return ms(d)
	}
	connect := t.Connect
	if connect > 0 && t.TLS > 0 {
		connect += t.TLS
	}
	return timings{
		DNS: known(t.DNS), Connect: known(connect), SSL: known(t.TLS),
		Send: ms(max(t.Send, 0)), Wait: ms(max(t.Wait, 0)), Receive: ms(max(t.Receive, 0)),
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func size(n int64) int64 { return max(n, -1) }

func headers(h map[string][]string) []pair {
	all := make([]pair, 0, len(h))
	for name, values := range h {
		for _, v := range values {
			all = append(all, pair{name, v})
		}
	}
	slices.SortStableFunc(all, func(a, b pair) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func first(h map[string][]string, name string) string { return http.Header(h).Get(name) }

func query(u string) []pair {
	parsed, err := url.Parse(u)
	if err != nil {
		return []pair{}
	}
	return pairs(parsed.RawQuery)
}

// pairs keeps the order, which url.ParseQuery does not.
func pairs(encoded string) []pair {
	all := []pair{}
	for part := range strings.SplitSeq(encoded, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		all = append(all, pair{plain(name), plain(value)})
	}
	return all
}

func plain(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func requestCookies(h map[string][]string) []pair {
	return cookies((&http.Request{Header: h}).Cookies())
}

func responseCookies(h map[string][]string) []pair {
	return cookies((&http.Response{Header: h}).Cookies())
}

func cookies(list []*http.Cookie) []pair {
	all := make([]pair, 0, len(list))
	for _, c := range list {
		all = append(all, pair{c.Name, c.Value})
	}
	return all
}
