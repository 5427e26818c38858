package redact

import (
	"net/http"
	"strings"
	"testing"
)

// BenchmarkBody masks bodies that hold no secret, as most do.
func BenchmarkBody(b *testing.B) {
	item := `{"id":12345,"name":"some thing","price":9.99,"ok":true},`
	for _, body := range []struct{ name, kind, text string }{
		{"json", "application/json", `{"items":[` + strings.TrimSuffix(strings.Repeat(item, 17), ",") + `]}`},
		{"html", "text/html; charset=utf-8", strings.Repeat(`<li class="item"><a href="/things/12345">some thing</a></li>`, 17)},
	} {
		b.Run(body.name, func(b *testing.B) {
			r, data := New(), []byte(body.text)
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				r.Body(body.kind, data)
			}
		})
	}
}

// BenchmarkHeader masks the headers of a response that hold no secret.
func BenchmarkHeader(b *testing.B) {
	r := New()
	h := http.Header{
		"Content-Type": {"application/json"}, "Content-Length": {"1024"}, "Date": {"Sun, 06 Nov 1994 08:49:37 GMT"},
		"User-Agent": {"Go-http-client/1.1"}, "Accept": {"*/*"},
	}
	b.ReportAllocs()
	for b.Loop() {
		r.Header(h)
	}
}
