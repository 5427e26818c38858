package heliograph

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/heliograph/heliograph/internal/redact"
)

// maxAttrs bounds the JSON text of attributes, in bytes: the recorder would cut it,
// and what is cut is no JSON any more.
const maxAttrs = 4000

// attrsJSON writes attributes as a JSON object, "" if there are none. Those that are
// beyond the bound are counted in the member "omitted".
func (a *Agent) attrsJSON(attrs []slog.Attr) string {
	if len(attrs) == 0 {
		return ""
	}
	var b bytes.Buffer
	omitted := a.writeAttrs(&b, attrs)
	if omitted > 0 {
		text := `{"omitted":` + strconv.Itoa(omitted)
		if b.Len() > 2 {
			text += ","
		}
		return text + b.String()[1:]
	}
	return b.String()
}

// writeAttrs writes an object, and returns how many attributes are not in it.
func (a *Agent) writeAttrs(b *bytes.Buffer, attrs []slog.Attr) (omitted int) {
	b.WriteByte('{')
	begin := b.Len()
	for _, attr := range attrs {
		if attr.Equal(slog.Attr{}) {
			continue
		}
		at := b.Len()
		if at > begin {
			b.WriteByte(',')
		}
		key, err := json.Marshal(attr.Key)
		if err != nil {
			key = []byte(`""`) // it never fails for a string
		}
		b.Write(key)
		b.WriteByte(':')
		if v := attr.Value.Resolve(); v.Kind() == slog.KindGroup {
			omitted += a.writeAttrs(b, v.Group())
		} else {
			b.Write(a.valueJSON(attr.Key, v))
		}
		if b.Len() > maxAttrs {
			b.Truncate(at)
			omitted++
		}
	}
	b.WriteByte('}')
	return omitted
}

// valueJSON writes a value that is no group.
func (a *Agent) valueJSON(key string, v slog.Value) []byte {
	if a.secrets != nil && a.secrets.Secret(key) {
		return []byte(`"` + redact.Mask + `"`)
	}
	x := v.Any()
	switch typed := x.(type) {
	case time.Duration:
		x = typed.String()
	case error:
		x = fmt.Sprintf("%v", typed)
	}
	text, err := marshal(x)
	if err != nil {
		text, _ = json.Marshal(fmt.Sprintf("%+v", x)) // a string never fails
	}
	if a.secrets == nil {
		return text
	}
	if masked := a.secrets.Body("application/json", text); json.Valid(masked) {
		return masked
	}
	return []byte(`"` + redact.Mask + `"`)
}

// marshal is json.Marshal for values whose methods may panic.
func marshal(v any) (text []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return json.Marshal(v)
}

// spanID returns 16 hexadecimal digits.
func spanID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never returns an error
	return hex.EncodeToString(b[:])
}
