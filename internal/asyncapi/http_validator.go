package asyncapi

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// HTTPValidator checks answers against an OpenAPI document. It is stricter than the
// document as Validator is. It may be used by several goroutines.
type HTTPValidator struct {
	paths map[string]any

	mu       sync.Mutex // guards what is below
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by pointer
}

// NewHTTPValidator reads an OpenAPI document.
func NewHTTPValidator(doc []byte) (*HTTPValidator, error) {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, errors.New("read document: not an object")
	}
	closeObjects(object)
	paths, _ := object["paths"].(map[string]any)
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(documentURL, root); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	return &HTTPValidator{paths: paths, compiler: compiler, schemas: map[string]*jsonschema.Schema{}}, nil
}

// Answer checks the body of an answer to a request of a method and a path, which is as
// it was sent, without the query. The error is an InvalidError or wraps
// ErrUnknownChannel, if the document has no such path, method or status.
func (v *HTTPValidator) Answer(method, path string, status int, body []byte) error {
	pattern, ok := v.find(path)
	if !ok {
		return fmt.Errorf("path %s: %w", path, ErrUnknownChannel)
	}
	pointer := "#/paths/" + escapePointer(pattern) + "/" + strings.ToLower(method) + "/responses/" + strconv.Itoa(status) +
		"/content/" + escapePointer("application/json") + "/schema"
	schema, err := v.compile(pointer)
	if err != nil {
		return fmt.Errorf("%s %s, status %d: %w: %w", method, path, status, ErrUnknownChannel, err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return &InvalidError{Channel: path, Reason: err.Error()}
	}
	if err := schema.Validate(value); err != nil {
		return errors.Join(explain(path, method, err)...)
	}
	return nil
}

func (v *HTTPValidator) compile(pointer string) (*jsonschema.Schema, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.schemas[pointer]; s != nil {
		return s, nil
	}
	s, err := v.compiler.Compile(documentURL + pointer)
	if err != nil {
		return nil, err
	}
	v.schemas[pointer] = s
	return s, nil
}

// find returns the path of the document that a request is about; literal ones win.
func (v *HTTPValidator) find(path string) (string, bool) {
	path = strings.TrimSuffix(path, "/")
	if _, ok := v.paths[path]; ok {
		return path, true
	}
	parts := strings.Split(path, "/")
	for pattern := range v.paths {
		wanted := strings.Split(pattern, "/")
		fits := len(wanted) == len(parts)
		for i := range wanted {
			fits = fits && (strings.HasPrefix(wanted[i], "{") || wanted[i] == parts[i])
		}
		if fits {
			return pattern, true
		}
	}
	return "", false
}
