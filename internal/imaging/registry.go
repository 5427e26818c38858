package imaging

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
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
	make   func(values) (Processor, error)
}

// New makes a processor. Unknown parameters, wrong types and values outside
// their range are errors that name the parameter.
func (k Kind) New(params json.RawMessage) (Processor, error) {
	v, err := k.values(params)
	if err != nil {
		return nil, err
	}
	return k.make(v)
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

func (k Kind) values(params json.RawMessage) (values, error) {
	v := values{}
	for _, p := range k.Params {
		v[p.Name] = p.Default
	}
	if len(bytes.TrimSpace(params)) == 0 || string(params) == "null" {
		return v, nil
	}
	var given map[string]any
	if err := json.Unmarshal(params, &given); err != nil {
		return nil, fmt.Errorf("params: not a JSON object: %w", err)
	}
	for name, value := range given {
		p, ok := k.param(name)
		if !ok {
			return nil, fmt.Errorf("params.%s: %s has no such parameter", name, k.Name)
		}
		if err := p.check(value); err != nil {
			return nil, fmt.Errorf("params.%s: %w", name, err)
		}
		v[name] = value
	}
	return v, nil
}

func (k Kind) param(name string) (Param, bool) {
	for _, p := range k.Params {
		if p.Name == name {
			return p, true
		}
	}
	return Param{}, false
}

func (p Param) check(value any) error {
	switch p.Default.(type) {
	case float64:
		n, ok := value.(float64)
		if !ok {
			return fmt.Errorf("%v is not a number", value)
		}
		if n < p.Min || n > p.Max {
			return fmt.Errorf("%v is not between %v and %v", n, p.Min, p.Max)
		}
	case string:
		s, ok := value.(string)
		if !ok {
			return fmt.Errorf("%v is not a string", value)
		}
		if len(s) > maxText {
			return fmt.Errorf("longer than %d bytes", maxText)
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
