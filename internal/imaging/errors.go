package imaging

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that are wrapped by those of steps and parameters. An error that wraps none
// of them is about a value that is malformed.
var (
	ErrUnknown = errors.New("unknown")
	ErrRange   = errors.New("out of range")
	ErrTooMany = errors.New("too many")
)

// StepError says what is wrong with a step of a pipeline.
type StepError struct {
	Index int
	// Field is the dotted path of the field below the step, "params.radius"; "" for the
	// step itself.
	Field string
	Err   error
}

// Error names the step and the field.
func (e *StepError) Error() string { return fmt.Sprintf("%s: %v", e.Path(), e.Err) }

// Path returns the dotted path of the field below the graph: "steps[2].params.radius".
func (e *StepError) Path() string {
	path := fmt.Sprintf("steps[%d]", e.Index)
	if e.Field != "" {
		path += "." + e.Field
	}
	return path
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// StepErrors is everything that is wrong with the steps of a pipeline, in order and
// at least one.
type StepErrors []*StepError

// Error names each.
func (l StepErrors) Error() string {
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors.
func (l StepErrors) Unwrap() []error {
	list := make([]error, len(l))
	for i, e := range l {
		list[i] = e
	}
	return list
}

// ParamError says what is wrong with a parameter.
type ParamError struct {
	Param string // "" for the object of parameters
	Err   error
}

// Error names the parameter as "params.radius".
func (e *ParamError) Error() string { return e.field() + ": " + e.Err.Error() }

func (e *ParamError) field() string {
	if e.Param == "" {
		return "params"
	}
	return "params." + e.Param
}

// Unwrap returns the cause.
func (e *ParamError) Unwrap() error { return e.Err }

// ParamErrors is everything that is wrong with the parameters of a processor, sorted
// and at least one.
type ParamErrors []*ParamError

// Error names each.
func (l ParamErrors) Error() string {
	texts := make([]string, len(l))
	for i, e := range l {
		texts[i] = e.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the errors.
func (l ParamErrors) Unwrap() []error {
	list := make([]error, len(l))
	for i, e := range l {
		list[i] = e
	}
	return list
}

// ofParams makes errors of a step from what Kind.New has returned.
func ofParams(index int, err error) StepErrors {
	var list ParamErrors
	if !errors.As(err, &list) {
		return StepErrors{{Index: index, Field: "params", Err: err}}
	}
	var steps StepErrors
	for _, e := range list {
		steps = append(steps, &StepError{Index: index, Field: e.field(), Err: e.Err})
	}
	return steps
}
