package helios

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func FuzzAppendJSONString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[31mred\x1b[0m\r\n", `"\`, "\x00\x1f\x7f", "héllo \u2028 \U0001f600", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			t.Skip()
		}
		var back string
		if err := json.Unmarshal(appendJSONString(nil, s), &back); err != nil || back != s {
			t.Errorf("%q became %q, %v", s, back, err)
		}
		if got, want := string(appendJSONString([]byte("x"), []byte(s))), "x"+string(appendJSONString(nil, s)); got != want {
			t.Errorf("bytes give %q, a string gives %q", got, want)
		}
	})
}

func TestEnvelope(t *testing.T) {
	at := time.Date(2031, 2, 27, 13, 46, 40, 101e6, time.FixedZone("", 3600))
	got := string(envelope("devices.updates", []byte(`{"type":"ready"}`), at))
	want := `{"cmd":"devices.updates","payload":{"type":"ready"},"sent-at":"2031-02-27T12:46:40.101Z"}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	env, problem := parseEnvelope([]byte(got))
	if problem != "" || env.Cmd != "devices.updates" || string(env.Payload) != `{"type":"ready"}` {
		t.Errorf("read back %+v, %s", env, problem)
	}
}

func TestParseEnvelope(t *testing.T) {
	const at = `"sent-at":"2031-02-27T13:46:40.000Z"`
	for text, problem := range map[string]string{
		`{"cmd":"x",` + at + `}`:                "",
		`{"cmd":"x","payload":null,` + at + `}`: "",
		`{"cmd":"x","payload":[1],` + at + `}`:  "",
		`nonsense`:                              "not JSON",
		`{"cmd":"x"`:                            "not JSON",
		`[]`:                                    "not JSON",
		`null`:                                  "not an object",
		`{` + at + `}`:                          "cmd",
		`{"cmd":7,` + at + `}`:                  "cmd",
		`{"cmd":"",` + at + `}`:                 "cmd",
		`{"cmd":"x"}`:                           "sent-at",
		`{"cmd":"x","sent-at":5}`:               "sent-at",
		`{"cmd":"x","sent-at":"yesterday"}`:     "RFC 3339",
		`{"cmd":"x",` + at + `,"Payload":{}}`:   "unknown key Payload",
		`{"cmd":"x","sent_at":"2031-02-27T13:46:40Z"}`:  "sent-at",
		`{"cmd":"x","sent-at":"2031-02-27 13:46:40"}`:   "RFC 3339",
		`{"cmd":"x","sent-at":"2031-02-27T13:46:40+1"}`: "RFC 3339",
	} {
		if _, got := parseEnvelope([]byte(text)); (problem == "") != (got == "") || !strings.Contains(got, problem) {
			t.Errorf("%s: problem %q, want %q", text, got, problem)
		}
	}
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add([]byte(`{"cmd":"x","payload":{},"sent-at":"2031-02-27T13:46:40.000Z"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		env, problem := parseEnvelope(data)
		if problem == "" && env.Cmd == "" {
			t.Errorf("%s: no command and no problem", data)
		}
	})
}
