package devflow

import (
	"encoding/base64"
	"strings"
	"time"
	"unicode/utf8"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

func toSummary(x *recorder.Summary) wire.NetworkRequestSummary {
	return wire.NetworkRequestSummary{
		ID: x.ID, Timestamp: wire.NewTimestamp(x.Start), Method: x.Method, URL: x.URL, Host: x.Host, Path: x.Path,
		StatusCode: x.Status, StatusText: x.StatusText, DurationMs: x.Duration.Round(time.Millisecond).Milliseconds(), Error: x.Error,
		RequestContentType: mediaType(x.RequestType), ResponseContentType: mediaType(x.ResponseType),
		RequestSize: size(x.RequestSize), ResponseSize: size(x.ResponseSize),
	}
}

// mediaType strips parameters.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.TrimSpace(s)
}

func size(n int64) *int64 {
	if n < 0 {
		return nil
	}
	return &n
}

// toDetail converts an exchange. If its details are gone, bodies that there were count
// as cut.
func toDetail(x recorder.Exchange, gone bool) wire.NetworkRequestDetail {
	d := wire.NetworkRequestDetail{
		NetworkRequestSummary: toSummary(&x.Summary),
		RequestHeaders:        x.RequestHeader, ResponseHeaders: x.ResponseHeader,
	}
	x.RequestBody.Truncated = x.RequestBody.Truncated || gone && x.RequestSize > 0
	x.ResponseBody.Truncated = x.ResponseBody.Truncated || gone && x.ResponseSize > 0
	d.RequestBody, d.RequestBodyEncoding, d.RequestBodyTruncated = toBody(x.RequestBody, x.RequestType)
	d.ResponseBody, d.ResponseBodyEncoding, d.ResponseBodyTruncated = toBody(x.ResponseBody, x.ResponseType)
	return d
}

// toBody returns a body as text if it is one, else in base64.
func toBody(b recorder.Body, typ string) (body, encoding string, truncated *bool) {
	if len(b.Data) == 0 {
		if b.Truncated {
			truncated = &b.Truncated
		}
		return "", "", truncated
	}
	data := b.Data
	if isText(typ) {
		if b.Truncated {
			data = wholeRunes(data)
		}
		if utf8.Valid(data) {
			return string(data), wire.EncodingText, &b.Truncated
		}
	}
	return base64.StdEncoding.EncodeToString(b.Data), wire.EncodingBase64, &b.Truncated
}

// isText tells whether a media type is text.
func isText(typ string) bool {
	typ = strings.ToLower(mediaType(typ))
	switch typ {
	case "application/json", "application/xml", "application/javascript", "application/graphql",
		"application/x-www-form-urlencoded", "application/soap+xml", "application/ld+json", "application/vnd.api+json":
		return true
	}
	return strings.HasPrefix(typ, "text/") || strings.HasSuffix(typ, "+json") || strings.HasSuffix(typ, "+xml")
}

// wholeRunes drops a character that was cut at the end.
func wholeRunes(data []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(data); i++ {
		at := len(data) - i
		if utf8.RuneStart(data[at]) {
			if !utf8.FullRune(data[at:]) {
				return data[:at]
			}
			break
		}
	}
	return data
}
