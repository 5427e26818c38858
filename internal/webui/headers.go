package webui

import (
	"strconv"
	"strings"
)

// headerLine is a response header whose value is shared between responses and
// never modified.
type headerLine struct {
	key    string
	values []string
}

// securityHeaders go with every response of the package.
func securityHeaders() []headerLine {
	return []headerLine{
		{"Content-Security-Policy", []string{ContentSecurityPolicy}},
		{"X-Content-Type-Options", []string{"nosniff"}},
		{"Referrer-Policy", []string{"no-referrer"}},
		{"Cross-Origin-Opener-Policy", []string{"same-origin"}},
		{"Cross-Origin-Resource-Policy", []string{"same-origin"}},
	}
}

// acceptsGzip says whether Accept-Encoding names gzip, or everything, with a
// weight above zero.
func acceptsGzip(values []string) bool {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			coding, params, _ := strings.Cut(part, ";")
			coding = strings.TrimSpace(coding)
			if !strings.EqualFold(coding, "gzip") && coding != "*" {
				continue
			}
			if weight(params) > 0 {
				return true
			}
		}
	}
	return false
}

// weight reads "q=0.5"; no or an unreadable weight is 1.
func weight(params string) float64 {
	q, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
	if !ok {
		return 1
	}
	w, err := strconv.ParseFloat(q, 64)
	if err != nil {
		return 1
	}
	return w
}
