package asyncapi

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// OpenAPIVersion is the version of the OpenAPI specification that documents follow.
const OpenAPIVersion = "3.1.0"

// HTTPDocument describes an HTTP API.
type HTTPDocument struct {
	Info       Info
	URL        string // of the server
	Operations []HTTPOperation
	Failure    Type              // the body of every failure
	Formats    map[string]string // as at Document
}

// HTTPOperation is one method at one path.
type HTTPOperation struct {
	ID      string
	Method  string // upper case
	Path    string // variable parts in braces are strings
	Summary string
	Tag     string
	Query   any   // a struct; nil for none
	Body    *Type // of the request; nil for none
	Answer  Type  // of the body of status 200
	// MediaType is that of the answer; empty means application/json.
	MediaType string
	Fails     []int // statuses whose body is HTTPDocument.Failure
}

// GenerateHTTP writes an OpenAPI document as Generate writes an AsyncAPI one.
func GenerateHTTP(doc HTTPDocument, comments *Comments) ([]byte, error) {
	r, err := newRegistry(Document{Formats: doc.Formats}, comments)
	if err != nil {
		return nil, err
	}
	paths := newObject()
	for _, op := range doc.Operations {
		made, err := r.httpOperation(op, doc.Failure)
		if err != nil {
			return nil, fmt.Errorf("operation %s: %w", op.ID, err)
		}
		at, ok := paths.values[op.Path].(*object)
		if !ok {
			at = newObject()
			paths.set(op.Path, at)
		}
		at.set(strings.ToLower(op.Method), made)
	}
	root := newObject().
		set("openapi", OpenAPIVersion).
		set("info", newObject().set("title", doc.Info.Title).set("version", doc.Info.Version).setText("description", doc.Info.Description)).
		set("servers", []*object{newObject().set("url", doc.URL)})
	var tags []*object
	for _, tag := range doc.Info.Tags {
		tags = append(tags, newObject().set("name", tag.Name).setText("description", tag.Description))
	}
	if len(tags) > 0 {
		root.set("tags", tags)
	}
	root.set("paths", paths).set("components", newObject().set("schemas", r.schemas()))
	return indent(root)
}

func (r *registry) httpOperation(op HTTPOperation, failure Type) (*object, error) {
	o := newObject().set("operationId", op.ID).setText("summary", op.Summary)
	if op.Tag != "" {
		o.set("tags", []string{op.Tag})
	}
	parameters, err := r.httpParameters(op)
	if err != nil {
		return nil, err
	}
	if len(parameters) > 0 {
		o.set("parameters", parameters)
	}
	if op.Body != nil {
		schema, err := op.Body.in(r)
		if err != nil {
			return nil, fmt.Errorf("body: %w", err)
		}
		o.set("requestBody", newObject().set("content", content("application/json", schema)))
	}
	answer, err := op.Answer.in(r)
	if err != nil {
		return nil, fmt.Errorf("answer: %w", err)
	}
	mediaType := op.MediaType
	if mediaType == "" {
		mediaType = "application/json"
	}
	responses := newObject().set("200", newObject().set("description", "Done.").set("content", content(mediaType, answer)))
	fails := slices.Clone(op.Fails)
	slices.Sort(fails)
	for _, status := range slices.Compact(fails) {
		schema, err := failure.in(r)
		if err != nil {
			return nil, fmt.Errorf("failure: %w", err)
		}
		responses.set(strconv.Itoa(status), newObject().set("description", statusText(status)).set("content", content("application/json", schema)))
	}
	return o.set("responses", responses), nil
}

func content(mediaType string, schema *object) *object {
	return newObject().set(mediaType, newObject().set("schema", schema))
}

// statusText says when a status is answered.
func statusText(status int) string {
	switch status {
	case 400:
		return "A value of the request is wrong."
	case 401, 403:
		return "The client may not do this."
	case 404:
		return "There is no such thing."
	case 413:
		return "The body is too large."
	case 501:
		return "This agent cannot do that here."
	}
	return "The agent failed."
}

// httpParameters lists the variable parts of the path and the query.
func (r *registry) httpParameters(op HTTPOperation) ([]*object, error) {
	var list []*object
	for part := range strings.SplitSeq(op.Path, "/") {
		if name, ok := strings.CutPrefix(part, "{"); ok {
			list = append(list, newObject().set("name", strings.TrimSuffix(name, "}")).set("in", "path").set("required", true).
				set("schema", newObject().set("type", "string")))
		}
	}
	if op.Query == nil {
		return list, nil
	}
	typ := reflect.TypeOf(op.Query)
	properties, required := newObject(), []string{}
	if err := r.fields(typ, typ, properties, &required); err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	for _, name := range properties.keys {
		schema := properties.values[name].(*object)
		text, _ := schema.values["description"].(string)
		schema.remove("description")
		parameter := newObject().set("name", name).set("in", "query").setText("description", text)
		if slices.Contains(required, name) {
			parameter.set("required", true)
		}
		list = append(list, parameter.set("schema", schema))
	}
	return list, nil
}
