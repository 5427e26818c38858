package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// decode sets the fields of into, a pointer to a struct with yaml names, from a
// YAML document. What the document leaves out or leaves empty stays as it is;
// lists are replaced. It returns everything that is wrong, not the first thing.
func decode(name string, data []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc yaml.Node
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil && !errors.Is(dec.Decode(new(yaml.Node)), io.EOF) {
		err = errors.New("there is more than one document in it")
	}
	if err != nil {
		return fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: "))
	}
	d := &decoder{name: name}
	d.value("", doc.Content[0], reflect.ValueOf(into).Elem())
	return errors.Join(d.errs...)
}

// decoder walks a document and a struct side by side.
type decoder struct {
	name string
	errs []error
}

func (d *decoder) fail(path string, node *yaml.Node, format string, args ...any) {
	if path == "" {
		path = "the file"
	}
	text := fmt.Sprintf(format, args...)
	d.errs = append(d.errs, fmt.Errorf("%s: line %d: %s: %s", d.name, node.Line, path, text))
}

// value sets v from node.
func (d *decoder) value(path string, node *yaml.Node, v reflect.Value) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
	case v.Kind() == reflect.Struct:
		d.fields(path, node, v)
	case v.Kind() == reflect.Slice:
		d.list(path, node, v)
	default:
		d.scalar(path, node, v)
	}
}

// fields sets the fields of a struct.
func (d *decoder) fields(path string, node *yaml.Node, v reflect.Value) {
	if node.Kind != yaml.MappingNode {
		d.fail(path, node, "want keys with values, have %s", describe(node))
		return
	}
	known := keysOf(v.Type())
	seen := make(map[string]int)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		full := join(path, key.Value)
		at := slices.Index(known, key.Value)
		switch first, twice := seen[key.Value]; {
		case at < 0 || key.Kind != yaml.ScalarNode:
			d.fail(full, key, "unknown key; known here: %s", strings.Join(known, ", "))
		case twice:
			d.fail(full, key, "the key is given twice, first in line %d", first)
		default:
			seen[key.Value] = key.Line
			d.value(full, value, v.Field(at))
		}
	}
}

// list replaces a slice.
func (d *decoder) list(path string, node *yaml.Node, v reflect.Value) {
	if node.Kind != yaml.SequenceNode {
		d.fail(path, node, "want a list, have %s", describe(node))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		full := fmt.Sprintf("%s[%d]", path, i)
		if item.Tag == "!!null" {
			d.fail(full, item, "the entry is empty")
			continue
		}
		d.value(full, item, list.Index(i))
	}
	v.Set(list)
}

// scalar sets a string, number, bool or duration.
func (d *decoder) scalar(path string, node *yaml.Node, v reflect.Value) {
	want := kindName(v)
	if node.Kind != yaml.ScalarNode {
		d.fail(path, node, "want %s, have %s", want, describe(node))
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		dur, err := time.ParseDuration(node.Value)
		if err != nil {
			d.fail(path, node, "want %s, have %q", want, node.Value)
			return
		}
		v.SetInt(int64(dur))
		return
	}
	if v.Kind() == reflect.String {
		v.SetString(node.Value)
		return
	}
	if err := node.Decode(v.Addr().Interface()); err != nil {
		d.fail(path, node, "want %s, have %q", want, node.Value)
	}
}

func kindName(v reflect.Value) string {
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		return "a time such as 500ms, 10s or 2m"
	case v.Kind() == reflect.Bool:
		return "true or false"
	case v.CanInt():
		return "a whole number"
	}
	return "a text"
}

func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "keys with values"
	case yaml.SequenceNode:
		return "a list"
	}
	return fmt.Sprintf("%q", node.Value)
}

// keysOf returns the yaml names of a struct's fields, in order.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
