package otlp

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
)

// hexIDs turns the identifiers of OTLP's JSON, which are hexadecimal, into base64, as
// protobuf's JSON has bytes.
func hexIDs(data []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	convert(v)
	return json.Marshal(v)
}

func convert(v any) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			convert(item)
		}
	case map[string]any:
		for name, value := range v {
			text, ok := value.(string)
			if !ok {
				convert(value)
				continue
			}
			switch name {
			case "traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id":
				if id, err := hex.DecodeString(text); err == nil {
					v[name] = base64.StdEncoding.EncodeToString(id)
				}
			}
		}
	}
}
