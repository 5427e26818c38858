package helios

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"

	"github.com/google/uuid"
)

// Parameters of a channel are a struct; its tags say the name (json), the
// default, and the range (minimum, maximum) to which an integer is clamped.
// The same struct is filled from a query string, from the payload that opens a
// channel on the multiplexed socket, and documented in the AsyncAPI document.

// errParameter is wrapped by all errors of this file; their text names the
// parameter.
var errParameter = errors.New("invalid parameter")

func badParameter(name, format string, args ...any) error {
	return fmt.Errorf("%w %s: %s", errParameter, name, fmt.Sprintf(format, args...))
}

// setDefaults fills the struct that p points to with its defaults.
func setDefaults(p any) error {
	return eachParameter(p, func(name string, field reflect.StructField, value reflect.Value) error {
		text, ok := field.Tag.Lookup("default")
		if !ok {
			value.SetZero()
			return nil
		}
		return setText(name, field, value, text)
	})
}

// parseQuery fills the struct that p points to from a query string. Unknown
// parameters are ignored; one that occurs twice, or cannot be parsed as its
// type, is an error.
func parseQuery(query url.Values, p any) error {
	if err := setDefaults(p); err != nil {
		return err
	}
	return eachParameter(p, func(name string, field reflect.StructField, value reflect.Value) error {
		if alias := field.Tag.Get("query"); alias != "" {
			name = alias
		}
		given := query[name]
		switch len(given) {
		case 0:
			return nil
		case 1:
			return setText(name, field, value, given[0])
		default:
			return badParameter(name, "given %d times", len(given))
		}
	})
}

// parseObject fills the struct that p points to from a JSON object, of which
// unknown keys are ignored. An empty raw means no object.
func parseObject(raw json.RawMessage, p any) error {
	if err := setDefaults(p); err != nil {
		return err
	}
	if len(raw) == 0 {
		return nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil || object == nil {
		return fmt.Errorf("%w: the payload is not a JSON object", errParameter)
	}
	return eachParameter(p, func(name string, field reflect.StructField, value reflect.Value) error {
		given, ok := object[name]
		if !ok || bytes.Equal(given, []byte("null")) {
			return nil
		}
		return setJSON(name, field, value, given)
	})
}

func eachParameter(p any, set func(string, reflect.StructField, reflect.Value) error) error {
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, _, _ := bytes.Cut([]byte(field.Tag.Get("json")), []byte(","))
		if len(name) == 0 || !field.IsExported() {
			continue
		}
		if err := set(string(name), field, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

// setJSON sets a parameter from a JSON value of the type that it has.
func setJSON(name string, field reflect.StructField, value reflect.Value, given json.RawMessage) error {
	base := value.Type()
	if base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	if base.Kind() == reflect.String {
		var text string
		if json.Unmarshal(given, &text) != nil {
			return badParameter(name, "not a string")
		}
		return setText(name, field, value, text)
	}
	if given[0] == '"' {
		return badParameter(name, "a string where a %s is wanted", kindName(base.Kind()))
	}
	return setText(name, field, value, string(given))
}

func setText(name string, field reflect.StructField, value reflect.Value, text string) error {
	if value.Kind() == reflect.Pointer {
		target := reflect.New(value.Type().Elem())
		if err := setText(name, field, target.Elem(), text); err != nil {
			return err
		}
		value.Set(target)
		return nil
	}
	switch value.Kind() {
	case reflect.String:
		if field.Tag.Get("format") == "uuid" {
			id, err := parseUUID(text)
			if err != nil {
				return badParameter(name, "%q is not a UUID", text)
			}
			text = id.String()
		}
		value.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return badParameter(name, "%q is neither true nor false", text)
		}
		value.SetBool(text == "true")
	default:
		return setInteger(name, field, value, text)
	}
	return nil
}

// setInteger parses a non-negative integer and clamps it to the field's range.
func setInteger(name string, field reflect.StructField, value reflect.Value, text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return badParameter(name, "%q is not a non-negative integer", text)
	}
	if lo, err := strconv.ParseUint(field.Tag.Get("minimum"), 10, 64); err == nil {
		n = max(n, lo)
	}
	if hi, err := strconv.ParseUint(field.Tag.Get("maximum"), 10, 64); err == nil {
		n = min(n, hi)
	}
	if value.CanInt() {
		if value.OverflowInt(int64(n)) || n > 1<<63-1 {
			return badParameter(name, "%s is too large", text)
		}
		value.SetInt(int64(n))
		return nil
	}
	if value.OverflowUint(n) {
		return badParameter(name, "%s is too large", text)
	}
	value.SetUint(n)
	return nil
}

func kindName(k reflect.Kind) string {
	if k == reflect.Bool {
		return "boolean"
	}
	return "number"
}

// parseUUID accepts only the hyphenated form of 36 characters.
func parseUUID(text string) (uuid.UUID, error) {
	if len(text) != 36 {
		return uuid.Nil, fmt.Errorf("%q is not a UUID of 36 characters", text)
	}
	return uuid.Parse(text)
}
