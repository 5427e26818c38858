package video

import (
	"encoding/json"
	"reflect"
	"testing"
)

// TestMergePatch has the examples of RFC 7396, appendix A.
func TestMergePatch(t *testing.T) {
	for _, tt := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"a":"foo"}`, `null`, `null`},
		{`{"a":"foo"}`, `"bar"`, `"bar"`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{``, `{"a":12345678901234567890}`, `{"a":12345678901234567890}`},
	} {
		got, err := MergePatch(json.RawMessage(tt.document), json.RawMessage(tt.patch))
		if err != nil || !equalJSON(t, got, json.RawMessage(tt.want)) {
			t.Errorf("%s with %s: %s %v, want %s", tt.document, tt.patch, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ document, patch string }{{`{}`, `{`}, {`{`, `{}`}, {`{}`, ``}, {`{}`, `{} {}`}} {
		if got, err := MergePatch(json.RawMessage(tt.document), json.RawMessage(tt.patch)); err == nil {
			t.Errorf("%q with %q: %s", tt.document, tt.patch, got)
		}
	}
}

func equalJSON(t *testing.T, a, b json.RawMessage) bool {
	t.Helper()
	va, err := anyJSON(a)
	if err != nil {
		t.Fatal(err)
	}
	vb, err := anyJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(va, vb)
}

// FuzzMergePatch checks that a patch that was applied changes nothing any more.
func FuzzMergePatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":1},"c":[1]}`), []byte(`{"a":{"b":null,"d":2}}`))
	f.Add([]byte(``), []byte(`[]`))
	f.Fuzz(func(t *testing.T, document, patch []byte) {
		once, err := MergePatch(document, patch)
		if err != nil {
			return
		}
		twice, err := MergePatch(once, patch)
		if err != nil || !equalJSON(t, once, twice) {
			t.Errorf("once %s, twice %s, %v", once, twice, err)
		}
	})
}
