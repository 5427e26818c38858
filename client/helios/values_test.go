package helios_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/heliograph/heliograph/client/helios"
)

func TestControlValueForms(t *testing.T) {
	for _, test := range []struct {
		in   string
		want helios.ControlValue
		out  string
	}{
		{`"None"`, helios.ControlValue{Kind: "None"}, `"None"`},
		{`{"Bool":true}`, helios.ControlValue{Kind: "Bool", Bool: true}, `{"Bool":true}`},
		{`{"Int":-42}`, helios.ControlValue{Kind: "Int", Int: -42}, `{"Int":-42}`},
		{`{"Uint":18446744073709551615}`, helios.ControlValue{Kind: "Uint", Uint: math.MaxUint64}, `{"Uint":18446744073709551615}`},
		{`{"Float":0.5}`, helios.ControlValue{Kind: "Float", Float: 0.5}, `{"Float":0.5}`},
		{`{"kind":"none"}`, helios.ControlValue{Kind: "None"}, `"None"`},
		{`{"kind":"none","value":null}`, helios.ControlValue{Kind: "None"}, `"None"`},
		{`{"kind":"bool","value":false}`, helios.ControlValue{Kind: "Bool"}, `{"Bool":false}`},
		{`{"value":42,"kind":"int"}`, helios.ControlValue{Kind: "Int", Int: 42}, `{"Int":42}`},
		{`{"kind":"uint","value":7}`, helios.ControlValue{Kind: "Uint", Uint: 7}, `{"Uint":7}`},
		{`{"kind":"float","value":1}`, helios.ControlValue{Kind: "Float", Float: 1}, `{"Float":1}`},
	} {
		var got helios.ControlValue
		if err := json.Unmarshal([]byte(test.in), &got); err != nil || got != test.want {
			t.Errorf("%s: got %+v, %v", test.in, got, err)
			continue
		}
		if out, err := json.Marshal(got); err != nil || string(out) != test.out {
			t.Errorf("%s: written as %s, %v", test.in, out, err)
		}
	}
}

func TestControlValueRefuses(t *testing.T) {
	for _, in := range []string{
		`null`, `1`, `""`, `"none"`, `"Bool"`, `{}`, `[]`, `{"Bool":1}`, `{"Int":1.5}`, `{"Uint":-1}`, `{"None":1}`, `{"Int":null}`,
		`{"Int":1,"Bool":true}`, `{"Menu":1}`, `{"kind":"int"}`, `{"kind":"Int","value":1}`, `{"kind":7}`, `{"kind":"menu","value":1}`,
	} {
		var v helios.ControlValue
		if err := v.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%s was taken as %+v", in, v)
		}
	}
	for _, v := range []helios.ControlValue{{Kind: "Menu"}, {Kind: "Float", Float: math.NaN()}, {Kind: "Float", Float: math.Inf(1)}} {
		if out, err := json.Marshal(v); err == nil {
			t.Errorf("%+v was written as %s", v, out)
		}
	}
}

func TestBackendHandleForms(t *testing.T) {
	for _, in := range []string{
		`"Virtual"`, `{"V4l2":{"path":"/dev/video0"}}`, `{"Libcamera":{"id":"x"}}`,
		`{"Netcam":{"url":"rtsp://a/b","width":1,"height":2,"fps":3}}`, `{"File":{"paths":["a"],"fps":1.5,"loop_forever":true}}`,
	} {
		var h helios.BackendHandle
		if err := json.Unmarshal([]byte(in), &h); err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if out, err := json.Marshal(h); err != nil || string(out) != in {
			t.Errorf("%s: written as %s, %v", in, out, err)
		}
	}
	for _, in := range []string{`null`, `1`, `"V4l2"`, `{}`, `{"V4l2":null}`, `{"X":{}}`, `{"V4l2":{"path":"a"},"File":{}}`, `{"V4l2":1}`} {
		var h helios.BackendHandle
		if err := h.UnmarshalJSON([]byte(in)); err == nil {
			t.Errorf("%s was taken as %+v", in, h)
		}
	}
	if out, err := json.Marshal(helios.BackendHandle{}); err == nil {
		t.Errorf("no handle was written as %s", out)
	}
}

func FuzzControlValue(f *testing.F) {
	for _, seed := range []string{`"None"`, `{"Int":-42}`, `{"kind":"float","value":1e3}`, `{"Uint":18446744073709551615}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var v, again helios.ControlValue
		if json.Unmarshal(raw, &v) != nil || v.Kind == "" {
			return
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%q was read as %+v and cannot be written: %v", raw, v, err)
		}
		if err := json.Unmarshal(out, &again); err != nil || again != v {
			t.Fatalf("%+v was written as %s and read as %+v, %v", v, out, again, err)
		}
	})
}

func FuzzBackendHandle(f *testing.F) {
	f.Add([]byte(`"Virtual"`))
	f.Add([]byte(`{"V4l2":{"path":"/dev/video0"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var h helios.BackendHandle
		if json.Unmarshal(raw, &h) != nil || h == (helios.BackendHandle{}) {
			return
		}
		if out, err := json.Marshal(h); err != nil {
			t.Fatalf("%q was read as %+v and cannot be written: %s, %v", raw, h, out, err)
		}
	})
}
