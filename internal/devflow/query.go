package devflow

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
)

// query holds the parameters of a request. A plus is a plus, of several values the
// last one counts, and an empty one is none.
type query map[string]string

func parseQuery(raw string) query {
	q := query{}
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, value = unescape(name), unescape(value)
		if value == "" {
			delete(q, name)
		} else {
			q[name] = value
		}
	}
	return q
}

// unescape decodes percent signs, and leaves a text that is malformed as it is.
func unescape(s string) string {
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}

// errParameter is wrapped by the errors about parameters; see parameterError.
var errParameter = errors.New("invalid parameter")

// parameterError is a parameter that was refused.
type parameterError struct{ name, value string }

// Error is what clients are told.
func (e *parameterError) Error() string { return e.name + " must be a non-negative integer" }

// Unwrap makes it an errParameter.
func (e *parameterError) Unwrap() error { return errParameter }

// fill sets the fields of the struct that p points to, as the tags described at
// client/devflow.Params say. It fails for strict parameters only.
func (q query) fill(p any) error { return q.fillStruct(reflect.ValueOf(p).Elem()) }

func (q query) fillStruct(v reflect.Value) error {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Anonymous {
			if err := q.fillStruct(v.Field(i)); err != nil {
				return err
			}
			continue
		}
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if err := q.fillField(name, field.Tag, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func (q query) fillField(name string, tag reflect.StructTag, v reflect.Value) error {
	given, ok := q[name]
	if !ok {
		given = tag.Get("default")
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(word(given, tag))
	case reflect.Bool:
		v.SetBool(isTrue(given))
	case reflect.Int, reflect.Int64:
		if given == "" {
			return nil
		}
		n, err := integer(given, tag)
		if err != nil {
			return &parameterError{name, given}
		}
		v.SetInt(n)
	default:
		return fmt.Errorf("%w: %s has the kind %s", errParameter, name, v.Kind())
	}
	return nil
}

// word returns the spelling of a listed word, and the default for another one.
func word(given string, tag reflect.StructTag) string {
	words := tag.Get("enum")
	if words == "" {
		return given
	}
	for w := range strings.SplitSeq(words, ",") {
		if strings.EqualFold(w, given) {
			return w
		}
	}
	return tag.Get("default")
}

func isTrue(text string) bool { return text == "1" || strings.EqualFold(text, "true") }

// integer returns the value within its range.
func integer(given string, tag reflect.StructTag) (int64, error) {
	fallback, _ := strconv.ParseInt(tag.Get("default"), 10, 64)
	n, err := strconv.ParseInt(given, 10, 64)
	// A number that is too large for the type is a number all the same, and ends up at
	// the end of the range.
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		if tag.Get("strict") != "" {
			return 0, errParameter
		}
		n = fallback
	}
	if lo, err := strconv.ParseInt(tag.Get("minimum"), 10, 64); err == nil && n < lo {
		switch {
		case tag.Get("strict") != "":
			return 0, errParameter
		case tag.Get("below") == "default":
			n = fallback
		default:
			n = lo
		}
	}
	hi, err := strconv.ParseInt(tag.Get("maximum"), 10, 64)
	if err != nil {
		hi = 1<<31 - 1
	}
	return min(n, hi), nil
}
