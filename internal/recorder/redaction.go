package recorder

import (
	"net/http"

	"github.com/heliograph/heliograph/internal/redact"
)

// Redaction returns a function for Options.Redact that takes secrets out of all
// parts of an exchange: URL, headers, bodies and the text of an error. It is what
// every producer uses unless secrets are to be shown.
func Redaction(r *redact.Redactor) func(*Exchange) {
	return func(x *Exchange) {
		x.URL = r.URL(x.URL)
		if x.Path != "" {
			x.Path = r.URL(x.Path)
		}
		x.Error, x.StatusText = r.Text(x.Error), r.Text(x.StatusText)
		// The header has the parameters of the type, such as the boundary of parts.
		x.RequestBody.Data = r.Body(contentType(x.RequestHeader, x.RequestType), x.RequestBody.Data)
		x.ResponseBody.Data = r.Body(contentType(x.ResponseHeader, x.ResponseType), x.ResponseBody.Data)
		r.Header(x.RequestHeader)
		r.Header(x.ResponseHeader)
	}
}

func contentType(h map[string][]string, fallback string) string {
	if v := http.Header(h).Get("Content-Type"); v != "" {
		return v
	}
	return fallback
}
