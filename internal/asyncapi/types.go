package asyncapi

import (
	"fmt"
	"reflect"
)

// Type describes the JSON values of a message or a part of one. The zero Type
// is any value.
type Type struct {
	schema func(*registry) (*object, error)
}

func (t Type) in(r *registry) (*object, error) {
	if t.schema == nil {
		return newObject(), nil
	}
	return t.schema(r)
}

// Of is the JSON form of a Go type. A struct or a union becomes a component of
// the document under the type's name.
func Of[T any]() Type {
	typ := reflect.TypeFor[T]()
	return Type{func(r *registry) (*object, error) { return r.reflect(typ) }}
}

// OfValue is Of for the type of a value.
func OfValue(v any) Type {
	typ := reflect.TypeOf(v)
	return Type{func(r *registry) (*object, error) { return r.reflect(typ) }}
}

// Inline is the type of a value, which is a struct, without making it a component.
func Inline(v any) Type {
	typ := reflect.TypeOf(v)
	return Type{func(r *registry) (*object, error) { return r.structure(typ) }}
}

// Params is a struct of parameters: a component none of whose fields is
// required.
func Params[T any]() Type {
	typ := reflect.TypeFor[T]()
	return Type{func(r *registry) (*object, error) {
		r.optional[typ] = true
		return r.reflect(typ)
	}}
}

// String is a string, with a format, a fixed value or an example of it; each may
// be empty.
func String(format, fixed, example string) Type {
	return Type{func(*registry) (*object, error) {
		o := newObject().set("type", "string").setText("format", format).setText("const", fixed)
		if example != "" {
			o.set("examples", []string{example})
		}
		return o, nil
	}}
}

// Field is a member of an Object.
type Field struct {
	Name        string
	Description string
	Type        Type
	Optional    bool
}

// Object is an object with these members and no others.
func Object(fields ...Field) Type {
	return Type{func(r *registry) (*object, error) {
		properties, required := newObject(), []string{}
		for _, field := range fields {
			schema, err := field.Type.in(r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", field.Name, err)
			}
			properties.set(field.Name, schema.setText("description", field.Description))
			if !field.Optional {
				required = append(required, field.Name)
			}
		}
		o := newObject().set("type", "object").set("properties", properties)
		if len(required) > 0 {
			o.set("required", required)
		}
		return o.set("additionalProperties", false), nil
	}}
}

// UnionType is an interface type and the structs that stand for it.
type UnionType struct {
	typ     reflect.Type
	members []any
}

// Union describes the interface T: a value is one of the members. Each string
// field of a member that is not empty here is fixed to that value in the
// document, for example its Type.
func Union[T any](members ...T) UnionType {
	u := UnionType{typ: reflect.TypeFor[T]()}
	for _, member := range members {
		u.members = append(u.members, member)
	}
	return u
}
