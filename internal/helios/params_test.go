package helios

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	wire "github.com/heliograph/heliograph/client/helios"
)

func TestParseQuery(t *testing.T) {
	for _, tt := range []struct {
		query string
		want  wire.LogsParams
		fails string // part of the error
	}{
		{"", wire.LogsParams{Source: "journal", Lines: 200, Follow: true}, ""},
		{"source=dmesg&lines=5&follow=false", wire.LogsParams{Source: "dmesg", Lines: 5}, ""},
		{"lines=999999&unknown=1", wire.LogsParams{Source: "journal", Lines: 2000, Follow: true}, ""},
		{"lines=0", wire.LogsParams{Source: "journal", Follow: true}, ""},
		{"source=a+b%2Fc", wire.LogsParams{Source: "a b/c", Lines: 200, Follow: true}, ""},
		{"lines=-1", wire.LogsParams{}, "lines"},
		{"lines=", wire.LogsParams{}, "lines"},
		{"lines=1.5", wire.LogsParams{}, "lines"},
		{"lines=99999999999999999999", wire.LogsParams{}, "lines"},
		{"follow=1", wire.LogsParams{}, "follow"},
		{"follow=", wire.LogsParams{}, "follow"},
		{"lines=1&lines=2", wire.LogsParams{}, "given 2 times"},
	} {
		t.Run(tt.query, func(t *testing.T) {
			query, err := url.ParseQuery(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			var got wire.LogsParams
			err = parseQuery(query, &got)
			switch {
			case tt.fails == "" && (err != nil || got != tt.want):
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			case tt.fails != "" && (err == nil || !strings.Contains(err.Error(), tt.fails)):
				t.Errorf("got error %v; want one about %q", err, tt.fails)
			}
		})
	}
}

func TestParseQueryNamesAndUUIDs(t *testing.T) {
	var p wire.ConsoleParams
	query := url.Values{"sessionId": {"9B2F0F2E-1C1D-4F53-8D6E-3A0D5B7C9E11"}, "cols": {"1"}, "rows": {"65535"}}
	if err := parseQuery(query, &p); err != nil {
		t.Fatal(err)
	}
	if p.SessionID != "9b2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11" || p.Cols != 40 || p.Rows != 160 {
		t.Errorf("got %+v", p)
	}
	for _, bad := range []string{"", "nonsense", "{9b2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11}", "9b2f0f2e1c1d4f538d6e3a0d5b7c9e11"} {
		if err := parseQuery(url.Values{"sessionId": {bad}}, &p); err == nil {
			t.Errorf("%q was taken for a UUID", bad)
		}
	}
}

func TestParseObject(t *testing.T) {
	for _, tt := range []struct {
		payload string
		want    wire.ProcessesParams
		ok      bool
	}{
		{``, wire.ProcessesParams{IntervalMS: 1000, Limit: 200}, true},
		{`{}`, wire.ProcessesParams{IntervalMS: 1000, Limit: 200}, true},
		{`{"interval_ms":500,"limit":null,"more":[1]}`, wire.ProcessesParams{IntervalMS: 500, Limit: 200}, true},
		{`{"interval_ms":1,"limit":1000000}`, wire.ProcessesParams{IntervalMS: 250, Limit: 2000}, true},
		{`{"interval_ms":"500"}`, wire.ProcessesParams{}, false},
		{`{"interval_ms":-5}`, wire.ProcessesParams{}, false},
		{`{"interval_ms":1.5}`, wire.ProcessesParams{}, false},
		{`{"interval_ms":true}`, wire.ProcessesParams{}, false},
		{`{"interval_ms":{}}`, wire.ProcessesParams{}, false},
		{`[]`, wire.ProcessesParams{}, false},
		{`"x"`, wire.ProcessesParams{}, false},
		{`{`, wire.ProcessesParams{}, false},
	} {
		var got wire.ProcessesParams
		err := parseObject(json.RawMessage(tt.payload), &got)
		if (err == nil) != tt.ok || (tt.ok && got != tt.want) {
			t.Errorf("%s: got %+v, %v", tt.payload, got, err)
		}
	}
}

// TestEveryParameterHasItsRange guards against a tag that is misspelt: each
// channel's defaults must lie within its range.
func TestEveryParameterHasItsRange(t *testing.T) {
	a := New(Deps{})
	defer a.Close()
	for _, ch := range a.channels {
		p := ch.Params()
		if err := setDefaults(p); err != nil {
			t.Errorf("%s: defaults: %v", ch.Name, err)
		}
		for _, v := range []string{"0", "1000000"} {
			query := url.Values{}
			for _, name := range []string{"interval_ms", "heartbeat_ms", "limit", "lines", "poll_ms", "cols", "rows"} {
				query.Set(name, v)
			}
			if err := parseQuery(query, ch.Params()); err != nil && v == "0" {
				t.Errorf("%s: %s is not clamped: %v", ch.Name, v, err)
			}
		}
	}
}

func FuzzParseObject(f *testing.F) {
	f.Add([]byte(`{"source":"x","lines":3,"follow":false}`))
	f.Add([]byte(`{"session_id":"9b2f0f2e-1c1d-4f53-8d6e-3a0d5b7c9e11","cols":1}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var logs wire.LogsParams
		if parseObject(payload, &logs) == nil && logs.Lines > 2000 {
			t.Errorf("%s: %d lines", payload, logs.Lines)
		}
		var shell wire.ConsoleParams
		if parseObject(payload, &shell) == nil && (shell.Cols < 40 || shell.Cols > 320) {
			t.Errorf("%s: %d columns", payload, shell.Cols)
		}
	})
}
