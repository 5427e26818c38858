package asyncapi

import (
	"bytes"
	"encoding/json"
	"slices"
)

// object is a JSON object whose members keep the order in which they were set.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object {
	return &object{values: map[string]any{}}
}

// set adds or replaces a member.
func (o *object) set(key string, value any) *object {
	if _, ok := o.values[key]; !ok {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
	return o
}

// setText adds a member unless its text is empty.
func (o *object) setText(key, text string) *object {
	if text == "" {
		return o
	}
	return o.set(key, text)
}

// remove takes a member away.
func (o *object) remove(key string) {
	delete(o.values, key)
	o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
}

func (o *object) has(key string) bool {
	_, ok := o.values[key]
	return ok
}

// MarshalJSON writes the members in their order.
func (o *object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range o.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range []any{key, o.values[key]} {
			if j > 0 {
				b.WriteByte(':')
			}
			text, err := encode(part)
			if err != nil {
				return nil, err
			}
			b.Write(text)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode is json.Marshal without the escapes that are for HTML.
func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// ref is a reference to another part of the document.
func ref(parts ...string) *object {
	pointer := "#"
	for _, part := range parts {
		pointer += "/" + escapePointer(part)
	}
	return newObject().set("$ref", pointer)
}
