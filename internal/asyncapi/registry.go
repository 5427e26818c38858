package asyncapi

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"
)

// errType is wrapped by the errors about Go types that have no schema.
var errType = errors.New("no schema")

// registry makes schemas of Go types and collects the components.
type registry struct {
	comments   *Comments
	formats    map[string]string // component by format
	unions     map[reflect.Type]UnionType
	open       map[reflect.Type]bool
	optional   map[reflect.Type]bool
	fixed      map[reflect.Type]map[string]string // values of fields, by JSON name
	owners     map[string]reflect.Type            // type by component
	components map[string]*object
}

func newRegistry(doc Document, comments *Comments) (*registry, error) {
	r := &registry{
		comments:   comments,
		formats:    doc.Formats,
		unions:     map[reflect.Type]UnionType{},
		open:       map[reflect.Type]bool{},
		optional:   map[reflect.Type]bool{},
		fixed:      map[reflect.Type]map[string]string{},
		owners:     map[string]reflect.Type{},
		components: map[string]*object{},
	}
	for _, value := range doc.Open {
		r.open[reflect.TypeOf(value)] = true
	}
	for format, name := range doc.Formats {
		r.components[name] = newObject().set("type", "string").set("format", format)
	}
	for _, union := range doc.Unions {
		r.unions[union.typ] = union
		for _, member := range union.members {
			if err := r.fix(member); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// fix notes the values of a union member's string fields.
func (r *registry) fix(member any) error {
	v := reflect.ValueOf(member)
	if v.Kind() != reflect.Struct {
		return fmt.Errorf("union member %T: %w: not a struct", member, errType)
	}
	values := map[string]string{}
	for i := range v.NumField() {
		if text := v.Field(i); text.Kind() == reflect.String && text.String() != "" {
			values[jsonName(v.Type().Field(i))] = text.String()
		}
	}
	if before, ok := r.fixed[v.Type()]; ok && !maps.Equal(before, values) {
		return fmt.Errorf("union member %T: %w: fixed to different values", member, errType)
	}
	r.fixed[v.Type()] = values
	return nil
}

// component returns a reference to the named component and makes it when it is
// new. A type that contains itself finds the name taken.
func (r *registry) component(typ reflect.Type, build func() (*object, error)) (*object, error) {
	name := typ.Name()
	owner, known := r.owners[name]
	if known && owner != typ || !known && r.components[name] != nil {
		return nil, fmt.Errorf("%v: %w: another component is called %s", typ, errType, name)
	}
	if !known {
		r.owners[name] = typ
		schema, err := build()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.components[name] = schema
	}
	return ref("components", "schemas", name), nil
}

// schemas returns the components in the order of their names.
func (r *registry) schemas() *object {
	o := newObject()
	for _, name := range slices.Sorted(maps.Keys(r.components)) {
		o.set(name, r.components[name])
	}
	return o
}

// reflect makes the schema of a Go type.
func (r *registry) reflect(typ reflect.Type) (*object, error) {
	switch typ {
	case reflect.TypeFor[time.Time]():
		return newObject().set("type", "string").set("format", "date-time"), nil
	case reflect.TypeFor[json.RawMessage]():
		return newObject(), nil
	}
	if union, ok := r.unions[typ]; ok {
		return r.component(typ, func() (*object, error) { return r.union(union) })
	}
	if typ.Kind() != reflect.Pointer && marshalsItself(typ) {
		return nil, fmt.Errorf("%v: %w: it makes its own JSON", typ, errType)
	}
	switch typ.Kind() {
	case reflect.Pointer:
		return r.reflect(typ.Elem())
	case reflect.Struct:
		if typ.Name() == "" {
			return r.structure(typ)
		}
		return r.component(typ, func() (*object, error) { return r.structure(typ) })
	case reflect.Slice, reflect.Array:
		if typ == reflect.TypeFor[[]byte]() {
			return newObject().set("type", "string").set("contentEncoding", "base64"), nil
		}
		items, err := r.reflect(typ.Elem())
		if err != nil {
			return nil, err
		}
		return newObject().set("type", "array").set("items", items), nil
	case reflect.Map:
		values, err := r.reflect(typ.Elem())
		if err != nil {
			return nil, err
		}
		return newObject().set("type", "object").set("additionalProperties", values), nil
	case reflect.Interface:
		if typ.NumMethod() > 0 {
			return nil, fmt.Errorf("%v: %w: an interface that is not among the unions", typ, errType)
		}
		return newObject(), nil
	default:
		return scalar(typ)
	}
}

// marshalsItself tells that reflection cannot see the type's JSON form.
func marshalsItself(typ reflect.Type) bool {
	for _, own := range []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()} {
		if typ.Kind() != reflect.Interface && (typ.Implements(own) || reflect.PointerTo(typ).Implements(own)) {
			return true
		}
	}
	return false
}

// union lists the members of a tagged union.
func (r *registry) union(union UnionType) (*object, error) {
	members := make([]*object, 0, len(union.members))
	for _, member := range union.members {
		schema, err := r.reflect(reflect.TypeOf(member))
		if err != nil {
			return nil, err
		}
		members = append(members, schema)
	}
	o := newObject().setText("description", r.comments.ofType(union.typ.PkgPath(), union.typ.Name()))
	return o.set("oneOf", members), nil
}

// scalar makes the schema of booleans, numbers and strings.
func scalar(typ reflect.Type) (*object, error) {
	o := newObject()
	switch typ.Kind() {
	case reflect.Bool:
		return o.set("type", "boolean"), nil
	case reflect.String:
		return o.set("type", "string"), nil
	case reflect.Float32, reflect.Float64:
		return o.set("type", "number"), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return o.set("type", "integer"), nil
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		return o.set("type", "integer").set("minimum", 0).set("maximum", uint64(1)<<typ.Bits()-1), nil
	case reflect.Uint, reflect.Uint64:
		return o.set("type", "integer").set("minimum", 0), nil
	default:
		return nil, fmt.Errorf("%v: %w", typ, errType)
	}
}
