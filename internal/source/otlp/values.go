package otlp

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
)

// maxDepth bounds values within values.
const maxDepth = 16

// attribute returns the text of an attribute; empty: there is none.
func attribute(list []*common.KeyValue, key string) string {
	for _, a := range list {
		if a.GetKey() == key {
			return text(a.GetValue())
		}
	}
	return ""
}

// members makes attributes the members of an object.
func members(list []*common.KeyValue) map[string]any {
	object := make(map[string]any, len(list))
	for _, a := range list {
		object[a.GetKey()] = value(a.GetValue(), 0)
	}
	return object
}

// value converts a value to one that has a JSON form.
func value(v *common.AnyValue, depth int) any {
	if depth > maxDepth {
		return "…"
	}
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_BoolValue:
		return v.BoolValue
	case *common.AnyValue_IntValue:
		return v.IntValue
	case *common.AnyValue_DoubleValue:
		if math.IsNaN(v.DoubleValue) || math.IsInf(v.DoubleValue, 0) {
			return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
		}
		return v.DoubleValue
	case *common.AnyValue_BytesValue:
		return base64.StdEncoding.EncodeToString(v.BytesValue)
	case *common.AnyValue_ArrayValue:
		list := []any{}
		for _, item := range v.ArrayValue.GetValues() {
			list = append(list, value(item, depth+1))
		}
		return list
	case *common.AnyValue_KvlistValue:
		object := map[string]any{}
		for _, a := range v.KvlistValue.GetValues() {
			object[a.GetKey()] = value(a.GetValue(), depth+1)
		}
		return object
	}
	return nil
}

// text shows a value: texts as they are, everything else as JSON.
func text(v *common.AnyValue) string {
	switch v := value(v, 0).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		data, _ := json.Marshal(v) // value sees to it that there is a form
		return string(data)
	}
}

// encode returns an object's JSON without secrets; empty for an empty one.
func (r *Receiver) encode(object map[string]any) string {
	if len(object) == 0 {
		return ""
	}
	data, err := json.Marshal(object)
	if err != nil {
		return ""
	}
	return r.opts.Redact(string(data))
}
