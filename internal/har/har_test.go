package har

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

func exchange() recorder.Exchange {
	return recorder.Exchange{
		Summary: recorder.Summary{
			ID: "9f1c0b7a22de", Start: time.Date(2031, 2, 27, 13, 46, 40, 125_000_000, time.UTC), Method: "POST",
			URL: "https://api.example.test/v2/a%20b?dry=1&b=x%2By&dry=2", Status: 302, StatusText: "Found", Duration: 291 * time.Millisecond,
			RequestType: "application/x-www-form-urlencoded", ResponseType: "image/png", RequestSize: 9, ResponseSize: 4,
		},
		Detail: recorder.Detail{
			RequestHeader:  map[string][]string{"Cookie": {"a=1; b=2"}, "Accept": {"x", "y"}},
			ResponseHeader: map[string][]string{"Location": {"/next"}, "Set-Cookie": {"c=3; Path=/"}},
			RequestBody:    recorder.Body{Data: []byte("u=1&v=a+b")},
			ResponseBody:   recorder.Body{Data: []byte{0xff, 0xd8, 0, 1}, Truncated: true},
			Protocol:       "HTTP/2.0",
			Timings: recorder.Timings{
				DNS: -1, Connect: 2 * time.Millisecond, TLS: 3 * time.Millisecond, Send: time.Millisecond, Wait: 200 * time.Millisecond, Receive: -1,
			},
		},
	}
}

func TestWrite(t *testing.T) {
	var out strings.Builder
	failed := recorder.Exchange{Summary: recorder.Summary{Method: "GET", URL: "http://127.0.0.1:1/", Error: "connection refused", Duration: time.Second, RequestSize: -1}}
	if err := Write(&out, "1.0", []recorder.Exchange{exchange(), failed}); err != nil {
		t.Fatal(err)
	}
	want := `{"log":{"version":"1.2","creator":{"name":"heliograph","version":"1.0"},"entries":[
{"startedDateTime":"2031-02-27T13:46:40.125Z","time":291,"request":{"method":"POST","url":"https://api.example.test/v2/a%20b?dry=1\u0026b=x%2By\u0026dry=2","httpVersion":"HTTP/2.0","cookies":[{"name":"a","value":"1"},{"name":"b","value":"2"}],"headers":[{"name":"Accept","value":"x"},{"name":"Accept","value":"y"},{"name":"Cookie","value":"a=1; b=2"}],"queryString":[{"name":"dry","value":"1"},{"name":"b","value":"x+y"},{"name":"dry","value":"2"}],"postData":{"mimeType":"application/x-www-form-urlencoded","params":[{"name":"u","value":"1"},{"name":"v","value":"a b"}],"text":"u=1\u0026v=a+b"},"headersSize":-1,"bodySize":9},"response":{"status":302,"statusText":"Found","httpVersion":"HTTP/2.0","cookies":[{"name":"c","value":"3"}],"headers":[{"name":"Location","value":"/next"},{"name":"Set-Cookie","value":"c=3; Path=/"}],"content":{"size":4,"mimeType":"image/png","text":"/9gAAQ==","encoding":"base64","comment":"truncated"},"redirectURL":"/next","headersSize":-1,"bodySize":4},"cache":{},"timings":{"dns":-1,"connect":5,"ssl":3,"send":1,"wait":200,"receive":0},"_id":"9f1c0b7a22de"},
{"startedDateTime":"0001-01-01T00:00:00.000Z","time":1000,"request":{"method":"GET","url":"http://127.0.0.1:1/","httpVersion":"unknown","cookies":[],"headers":[],"queryString":[],"headersSize":-1,"bodySize":-1},"response":{"status":0,"statusText":"","httpVersion":"unknown","cookies":[],"headers":[],"content":{"size":0,"mimeType":""},"redirectURL":"","headersSize":-1,"bodySize":0},"cache":{},"timings":{"dns":-1,"connect":-1,"ssl":-1,"send":0,"wait":1000,"receive":0},"_id":"","_error":"connection refused"}
]}}
`
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
	if !json.Valid([]byte(out.String())) {
		t.Error("it is not JSON")
	}
}

func TestWriteNothing(t *testing.T) {
	var out strings.Builder
	if err := Write(&out, "1.0", nil); err != nil || !json.Valid([]byte(out.String())) {
		t.Errorf("%q, %v", out.String(), err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriterFails(t *testing.T) {
	if err := Write(full{}, "1.0", []recorder.Exchange{exchange()}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v", err)
	}
}
