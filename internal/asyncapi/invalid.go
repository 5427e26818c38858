package asyncapi

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// InvalidError says where a message differs from the document.
type InvalidError struct {
	Channel string // empty when the message does not name one
	Message string // name of the message in the document
	Path    string // JSON pointer into the message; empty is the whole
	Reason  string
}

// Error writes the parts that are known, the outermost first.
func (e *InvalidError) Error() string {
	var b strings.Builder
	for _, part := range []struct{ label, text string }{
		{"channel ", e.Channel}, {"message ", e.Message}, {"", e.Path},
	} {
		if part.text != "" {
			b.WriteString(part.label + part.text + ": ")
		}
	}
	return b.String() + e.Reason
}

// explain makes an InvalidError of each place where a message is wrong.
func explain(channel, name string, err error) []error {
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return []error{&InvalidError{Channel: channel, Message: name, Reason: err.Error()}}
	}
	printer := message.NewPrinter(language.English)
	var list []error
	for _, leaf := range leaves(invalid) {
		list = append(list, &InvalidError{
			Channel: channel, Message: name,
			Path:   pointer(leaf.InstanceLocation),
			Reason: leaf.ErrorKind.LocalizedString(printer),
		})
	}
	return list
}

// leaves finds the causes of an error. Of alternatives it follows the one that
// the message was meant to be.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var branches [][]*jsonschema.ValidationError
	for _, cause := range e.Causes {
		branches = append(branches, leaves(cause))
	}
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		meant := slices.DeleteFunc(slices.Clone(branches), func(branch []*jsonschema.ValidationError) bool {
			return isOther(e, branch)
		})
		if len(meant) > 0 {
			return slices.MaxFunc(meant, func(a, b []*jsonschema.ValidationError) int { return cmp.Compare(depth(a), depth(b)) })
		}
	}
	return slices.Concat(branches...)
}

// isOther tells that an alternative is out of question, because a fixed member
// such as type has another value or the value has another type.
func isOther(e *jsonschema.ValidationError, branch []*jsonschema.ValidationError) bool {
	return slices.ContainsFunc(branch, func(leaf *jsonschema.ValidationError) bool {
		switch leaf.ErrorKind.(type) {
		case *kind.Const:
			return len(leaf.InstanceLocation) == len(e.InstanceLocation)+1
		case *kind.Type:
			return len(leaf.InstanceLocation) == len(e.InstanceLocation)
		}
		return false
	})
}

func depth(branch []*jsonschema.ValidationError) int {
	most := 0
	for _, leaf := range branch {
		most = max(most, len(leaf.InstanceLocation))
	}
	return most
}

func pointer(location []string) string {
	var b strings.Builder
	for _, part := range location {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(part))
	}
	return b.String()
}
