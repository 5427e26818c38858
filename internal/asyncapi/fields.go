package asyncapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// structure makes the schema of a struct.
func (r *registry) structure(typ reflect.Type) (*object, error) {
	properties, required := newObject(), []string{}
	if err := r.fields(typ, typ, properties, &required); err != nil {
		return nil, err
	}
	o := newObject().set("type", "object").setText("description", r.comments.ofType(typ.PkgPath(), typ.Name()))
	if len(properties.keys) > 0 {
		o.set("properties", properties)
	}
	if r.open[typ] {
		return o.set("additionalProperties", true), nil
	}
	if len(required) > 0 && !r.optional[typ] {
		o.set("required", required)
	}
	return o, nil
}

// fields adds the fields of typ, which is owner or embedded in it.
func (r *registry) fields(owner, typ reflect.Type, properties *object, required *[]string) error {
	for i := range typ.NumField() {
		field := typ.Field(i)
		name := jsonName(field)
		if inner, always := embedded(field); inner != nil {
			wanted := required
			if !always { // its fields are there together or not at all
				wanted = new([]string)
			}
			if err := r.fields(owner, inner, properties, wanted); err != nil {
				return err
			}
			continue
		}
		if !field.IsExported() || name == "-" {
			continue
		}
		schema, err := r.field(owner, typ, field)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		properties.set(name, schema)
		if !optional(field) && field.Tag.Get("optional") != "true" {
			*required = append(*required, name)
		}
	}
	return nil
}

// embedded returns the struct whose fields are promoted to those of the one that has
// the field, nil if there is none, and whether they are there always.
func embedded(field reflect.StructField) (typ reflect.Type, always bool) {
	if !field.Anonymous || field.Tag.Get("json") != "" {
		return nil, false
	}
	switch typ = field.Type; {
	case typ.Kind() == reflect.Struct:
		return typ, true
	case typ.Kind() == reflect.Pointer && typ.Elem().Kind() == reflect.Struct:
		return typ.Elem(), false
	}
	return nil, false
}

// field makes the schema of one field.
func (r *registry) field(owner, typ reflect.Type, field reflect.StructField) (*object, error) {
	if fixed := r.fixed[owner][jsonName(field)]; fixed != "" {
		return newObject().set("type", "string").set("const", fixed), nil
	}
	if fixed := field.Tag.Get("const"); fixed != "" {
		return newObject().set("type", "string").set("const", fixed), nil
	}
	schema, err := r.reflect(field.Type)
	if err != nil {
		return nil, err
	}
	if schema, err = r.keywords(schema, field); err != nil {
		return nil, err
	}
	text := describe(field, r.comments.ofField(typ.PkgPath(), typ.Name(), field.Name))
	if nullable(field) {
		schema = newObject().set("anyOf", []*object{schema, newObject().set("type", "null")})
	}
	// Beside a $ref a description is legal and without effect for validators. An
	// allOf around the $ref would give both an effect, but code generators make
	// a second, nameless type of it.
	return schema.setText("description", text), nil
}

// keywords applies the tags of a field; those of a slice are about its items.
func (r *registry) keywords(schema *object, field reflect.StructField) (*object, error) {
	if items, ok := schema.values["items"].(*object); ok {
		changed, err := r.keywords(items, field)
		if err != nil {
			return nil, err
		}
		return schema.set("items", changed), nil
	}
	if format := field.Tag.Get("format"); format != "" {
		if name := r.formats[format]; name != "" {
			return ref("components", "schemas", name), nil
		}
		schema.set("format", format)
	}
	if values := field.Tag.Get("enum"); values != "" {
		schema.set("enum", strings.Split(values, ","))
	}
	for _, keyword := range []string{"default", "minimum", "maximum"} {
		text, ok := field.Tag.Lookup(keyword)
		if !ok {
			continue
		}
		if schema.values["type"] == "string" {
			schema.set(keyword, text)
			continue
		}
		if !json.Valid([]byte(text)) {
			return nil, fmt.Errorf("tag %s: %w: %q is not a value of its type", keyword, errType, text)
		}
		schema.set(keyword, json.RawMessage(text))
	}
	return schema, nil
}

// jsonName is the field's name as encoding/json has it.
func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	if name == "" {
		return field.Name
	}
	return name
}

// optional tells that the field is left out when it has no value.
func optional(field reflect.StructField) bool {
	options := strings.Split(field.Tag.Get("json"), ",")[1:]
	return slices.Contains(options, "omitempty") || slices.Contains(options, "omitzero")
}

// nullable tells that the field is null when it has no value.
func nullable(field reflect.StructField) bool {
	if optional(field) {
		return false
	}
	return field.Type.Kind() == reflect.Pointer || field.Tag.Get("nullable") == "true"
}

// withoutConstants takes away the part of a comment that refers to Go constants,
// which mean nothing outside the Go package: "one of the Stage constants".
func withoutConstants(text string) string {
	if !strings.HasSuffix(strings.TrimSuffix(text, "."), " constants") {
		return text
	}
	at := strings.LastIndex(strings.ToLower(text), "one of the ")
	if at < 0 {
		return text
	}
	return strings.TrimRight(text[:at], ",; ")
}

// describe makes a description of a field's comment: without the field's Go name
// at its beginning, and without the constants where the schema lists them.
func describe(field reflect.StructField, text string) string {
	for _, verb := range []string{" is ", " are "} {
		if rest, ok := strings.CutPrefix(text, field.Name+verb); ok && rest != "" {
			text = strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	if rest, ok := strings.CutPrefix(text, field.Name+" "); ok {
		text = jsonName(field) + " " + rest
	}
	if field.Tag.Get("enum") != "" {
		text = withoutConstants(text)
	}
	return text
}
