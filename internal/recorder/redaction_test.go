package recorder

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/redact"
)

// No part of an exchange keeps a secret.
func TestRedaction(t *testing.T) {
	const secret = "geheim-4711"
	r := New(Options{Redact: Redaction(redact.New())})
	defer r.Close()
	form := "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + secret + "\r\n--b--\r\n"
	sent := map[string][]string{"Authorization": {"Bearer " + secret}, "Content-Type": {"multipart/form-data; boundary=b"}}
	id := r.Network.Record(Exchange{
		Summary: Summary{
			Method: "POST", URL: "https://u:" + secret + "@example.test/x?token=" + secret + "&page=2",
			Error: "Get \"https://example.test/?access_token=" + secret + "\": refused", RequestType: "multipart/form-data", ResponseType: "application/json",
		},
		Detail: Detail{
			RequestHeader: sent, ResponseHeader: map[string][]string{"Set-Cookie": {"sid=" + secret + "; Path=/"}},
			RequestBody: Body{Data: []byte(form)}, ResponseBody: Body{Data: []byte(`{"apiKey":"` + secret + `","page":2}`)},
		},
	})
	x, _, ok := r.Network.Find(id)
	if !ok {
		t.Fatal("it is not kept")
	}
	all := fmt.Sprintf("%+v %s %s", x, x.RequestBody.Data, x.ResponseBody.Data)
	if strings.Contains(all, secret) {
		t.Errorf("a secret is left: %s", all)
	}
	for _, kept := range []string{"page=2", `"page":2`, "Bearer ", "sid=", "example.test", "refused"} {
		if !strings.Contains(all, kept) {
			t.Errorf("%q is gone: %s", kept, all)
		}
	}
}
