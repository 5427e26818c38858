package redact

import (
	"bytes"
	"maps"
	"slices"
	"testing"
)

func TestSecret(t *testing.T) {
	r := New("X-Device-Pass", "note")
	for _, name := range []string{
		"password", "userPassword", "PASSWD", "client_secret", "access_token", "refresh-token", "X-Api-Key", "apiKey",
		"AWSAccessKeyId", "X-Amz-Signature", "session_id", "JSESSIONID", "csrf_token", "Authorization", "pin", "otp",
		"x_device_pass", "NOTE", "token", "jwt", "private.key",
	} {
		if !r.Secret(name) {
			t.Errorf("%s is no secret", name)
		}
	}
	for _, name := range []string{
		"", "name", "user", "max_tokens", "token_type", "tokenizer", "key", "spinner", "author", "status", "code",
		"notes", "passenger", "compass", "opinion", "cookieConsent",
	} {
		if r.Secret(name) {
			t.Errorf("%s is a secret", name)
		}
	}
}

func TestHeader(t *testing.T) {
	shared := []string{"a=1; session=deep"}
	h := map[string][]string{
		"Authorization":       {"Bearer abcdef", "abcdef"},
		"Proxy-Authorization": {"Basic dXNlcjpwYXNz"},
		"Cookie":              shared,
		"Set-Cookie":          {"sid=abc; Path=/; HttpOnly", "plain; Secure"},
		"X-Api-Key":           {"k-123"},
		"X-Auth-Token":        {""},
		"Location":            {"https://u:geheim@h/x?token=abc&page=2#access_token=zz"},
		"Accept":              {"application/json"},
		"X-Trace":             {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"},
		"Www-Authenticate":    {`Bearer realm="x"`},
	}
	want := map[string][]string{
		"Authorization":       {"Bearer ***", "***"},
		"Proxy-Authorization": {"Basic ***"},
		"Cookie":              {"a=***; session=***"},
		"Set-Cookie":          {"sid=***; Path=/; HttpOnly", "***; Secure"},
		"X-Api-Key":           {"***"},
		"X-Auth-Token":        {""},
		"Location":            {"https://u:***@h/x?token=***&page=2#access_token=***"},
		"Accept":              {"application/json"},
		"X-Trace":             {"***"},
		"Www-Authenticate":    {`Bearer realm="x"`},
	}
	New().Header(h)
	if !maps.EqualFunc(h, want, slices.Equal) {
		t.Errorf("got  %v\nwant %v", h, want)
	}
	if shared[0] != "a=1; session=deep" {
		t.Error("the values of the request itself were changed")
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                      "",
		"https://h/p?user=a&password=b%20c&x=1": "https://h/p?user=a&password=***&x=1",
		"https://h/p?key=AbC&q=1":               "https://h/p?key=***&q=1",
		"https://h/p?api%5Fkey=AbC":             "https://h/p?api%5Fkey=***",
		"https://h/p?filter[token]=x":           "https://h/p?filter[token]=***",
		`Get "https://h/?sig=abc": dial tcp: refused`:                              `Get "https://h/?sig=***": dial tcp: refused`,
		"postgres://app:hunter2@db/x":                                              "postgres://app:***@db/x",
		"https://h:8080/a@b":                                                       "https://h:8080/a@b",
		"sent with Bearer abcdefghij and ghp_0123456789abcdefghijABCDEFGHIJ012345": "sent with Bearer *** and ***",
		"AKIAIOSFODNN7EXAMPLE":                                                     "***",
		"-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\n":         "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----\n",
		"a=b; c=d": "a=b; c=d",
		"monkey=1": "monkey=1",
	} {
		if got := New().Text(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func TestBody(t *testing.T) {
	const (
		json  = "application/json; charset=utf-8"
		form  = "application/x-www-form-urlencoded"
		multi = "multipart/form-data; boundary=B"
		xml   = "text/xml"
	)
	for _, c := range []struct{ kind, in, want string }{
		{json, `{"user":"a","password":"b\"c","n":1}`, `{"user":"a","password":"***","n":1}`},
		{json, `{"pin": 1234, "ok":true}`, `{"pin": "***", "ok":true}`},
		{json, `{"token":{"a":["}"]},"b":2}`, `{"token":"***","b":2}`},
		{json, `{"secrets":["x","y"],"b":2}`, `{"secrets":"***","b":2}`},
		{json, `{"has_password":true,"token":null,"secret":""}`, `{"has_password":true,"token":null,"secret":""}`},
		{json, `{"usage":{"max_tokens":5,"total_tokens":7}}`, `{"usage":{"max_tokens":5,"total_tokens":7}}`},
		{json, `{"p\u0061ssword":"b"}`, `{"p\u0061ssword":"***"}`},
		{json, `{"password":"cut in the mid`, `{"password":"***"`},
		{json, `{"password`, `{"password`},
		{json, "{\"token\":\"a\"}\n{\"token\":\"b\"}\n", "{\"token\":\"***\"}\n{\"token\":\"***\"}\n"},
		{json, `{"next":"https://h/?access_token=abc"}`, `{"next":"https://h/?access_token=***"}`},
		{"", `[{"apiKey":"x"}]`, `[{"apiKey":"***"}]`},
		{form, "user=a&password=b&key=c&page=1", "user=a&password=***&key=***&page=1"},
		{form, "key=first&a=b", "key=***&a=b"},
		{
			multi, "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\ngeheim\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B--\r\n",
			"--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n***\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--B--\r\n",
		},
		{xml, `<a><ns:Password x="1">b</ns:Password><c>d</c></a>`, `<a><ns:Password x="1">***</ns:Password><c>d</c></a>`},
		{xml, `<a password="b" other='c'/>`, `<a password="***" other='c'/>`},
		{xml, `<token>cut`, `<token>***`},
		{"text/html", `<input name="q"><a href="/x?token=abc">`, `<input name="q"><a href="/x?token=***">`},
		{"text/plain", "login password=abc ok", "login password=*** ok"},
		{"application/octet-stream", "\x00\x01password=abc", "\x00\x01password=abc"},
		{"text/event-stream", "data: {\"token\":\"abc\"}\n\n", "data: {\"token\":\"***\"}\n\n"},
	} {
		in := []byte(c.in)
		if got := New().Body(c.kind, in); string(got) != c.want {
			t.Errorf("%s %q:\n got %q\nwant %q", c.kind, c.in, got, c.want)
		}
		if string(in) != c.in {
			t.Errorf("%q: the input was changed to %q", c.in, in)
		}
	}
}

func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"a":"b"}`, "a=b&token=c", "<password>x</password>", "--B\r\n", "eyJ.", "Bearer ", "://:@", "-----BEGIN PRIVATE KEY-----"} {
		f.Add("application/json", []byte(s))
		f.Add("text/xml", []byte(s))
		f.Add("multipart/form-data; boundary=B", []byte(s))
		f.Add("application/x-www-form-urlencoded", []byte(s))
	}
	r := New()
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		before := bytes.Clone(data)
		out := r.Body(kind, data)
		if !bytes.Equal(data, before) {
			t.Error("the input was changed")
		}
		if len(out) > 4*len(data)+16 {
			t.Errorf("%d bytes became %d", len(data), len(out))
		}
		_ = r.Text(string(data))
	})
}

// What is encoded within JSON, by a server that echoes or a logger that quotes, is no
// hiding place.
func TestNestedTexts(t *testing.T) {
	r := New()
	for in, want := range map[string]string{
		`{"got":"{\"token\":\"abc\",\"page\":2}"}`:                                        `{"got":"{\"token\":\"***\",\"page\":2}"}`,
		`{"a":"{\"b\":\"{\\\"password\\\":\\\"abc\\\"}\"}"}`:                              `{"a":"{\"b\":\"{\\\"password\\\":\\\"***\\\"}\"}"}`,
		`["<login><password>abc</password></login>"]`:                                     `["<login><password>***</password></login>"]`,
		`{"d":"--x\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\nabc\r\n--x--"}`: `{"d":"--x\r\nContent-Disposition: form-data; name=\"pwd\"\r\n\r\n***\r\n--x--"}`,
		`{"got":"{\"token\":\"abc`:                                                        `{"got":"{\"token\":\"***\"`,
		`{"got":"{\"token\":\"ab\`:                                                        `{"got":"{\"token\":\"***\"`,
		`{"path":"C:\\temp","n":"line\nline"}`:                                            `{"path":"C:\\temp","n":"line\nline"}`,
		"POST --x\r\ncontent-disposition: form-data; name=\"pwd\"\r\n\r\nabc\r\n--x--":    "POST --x\r\ncontent-disposition: form-data; name=\"pwd\"\r\n\r\n***\r\n--x--",
	} {
		if got := string(r.Body("application/json", []byte(in))); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", in, got, want)
		}
	}
}
