package imaging

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Param describes a parameter of a processor, for forms and checks.
type Param struct {
	Name     string
	Doc      string
	Min, Max float64 // of numbers
	Default  any     // float64, string or bool
}

// Kind is a kind of processor.
type Kind struct {
	Name   string
	Doc    string
	Params []Param
	Data   bool // it has a data output
	// Localization says what the data locates: "detection", or "" for nothing.
	Localization string
	make         func(values) (Processor, error)
}

// New makes a processor. params is a JSON object, or nothing. Unknown parameters,
// wrong types and values outside their range are errors; the error is a
// ParamErrors.
func (k Kind) New(params json.RawMessage) (Processor, error) {
	v, wrong := k.values(params)
	if len(wrong) > 0 {
		return nil, wrong
	}
	p, err := k.make(v)
	if err != nil {
		var param *ParamError
		if !errors.As(err, &param) {
			param = &ParamError{Err: err}
		}
		return nil, ParamErrors{param}
	}
	return p, nil
}

// Kinds lists all processors.
func Kinds() []Kind {
	return []Kind{
		grayscaleKind(), blurKind(), maskKind(), edgesKind(), motionKind(), blobsKind(),
		resizeKind(), cropKind(), rotateKind(), textKind(), boxKind(),
	}
}

// Find returns the processor of that name.
func Find(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}

// values are checked parameters; every parameter of the kind is there.
type values map[string]any

func (v values) number(name string) float64 { return v[name].(float64) }
func (v values) int(name string) int        { return int(math.Round(v[name].(float64))) }
func (v values) text(name string) string    { return v[name].(string) }

func (k Kind) values(params json.RawMessage) (values, ParamErrors) {
	v := values{}
	for _, p := range k.Params {
		v[p.Name] = p.Default
	}
	if text := bytes.TrimSpace(params); len(text) == 0 || string(text) == "null" {
		return v, nil
	}
	var given map[string]any
	if err := json.Unmarshal(params, &given); err != nil {
		return nil, ParamErrors{{Err: fmt.Errorf("not a JSON object: %w", err)}}
	}
	var wrong ParamErrors
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p, ok := k.param(name)
		if !ok {
			wrong = append(wrong, &ParamError{name, fmt.Errorf("%w: %s has no such parameter", ErrUnknown, k.Name)})
			continue
		}
		if err := p.check(given[name]); err != nil {
			wrong = append(wrong, &ParamError{name, err})
		}
		v[name] = given[name]
	}
	return v, wrong
}

func (k Kind) param(name string) (Param, bool) {
	i := slices.IndexFunc(k.Params, func(p Param) bool { return p.Name == name })
	if i < 0 {
		return Param{}, false
	}
	return k.Params[i], true
}

func (p Param) check(value any) error {
	switch p.Default.(type) {
	case float64:
		n, ok := value.(float64)
		if !ok {
			return fmt.Errorf("%.60v is not a number", value)
		}
		if n < p.Min || n > p.Max {
			return fmt.Errorf("%w: %v is not between %v and %v", ErrRange, n, p.Min, p.Max)
		}
	case string:
		s, ok := value.(string)
		if !ok {
			return fmt.Errorf("%.60v is not a string", value)
		}
		if len(s) > maxText {
			return fmt.Errorf("%w: longer than %d bytes", ErrRange, maxText)
		}
	}
	return nil
}

// maxText bounds a parameter that is text, in bytes.
const maxText = 256

// number describes a parameter that is a number.
func number(name, doc string, lo, hi, fallback float64) Param {
	return Param{Name: name, Doc: doc, Min: lo, Max: hi, Default: fallback}
}
