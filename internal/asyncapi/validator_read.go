package asyncapi

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// documentURL is the name under which the compiler knows the document.
const documentURL = "document:asyncapi"

// closeObjects forbids further properties in the components that describe some
// and do not say whether there may be others.
func closeObjects(document map[string]any) {
	components, _ := document["components"].(map[string]any)
	schemas, _ := components["schemas"].(map[string]any)
	for _, value := range schemas {
		schema, ok := value.(map[string]any)
		if !ok || schema["type"] != "object" {
			continue
		}
		if _, said := schema["additionalProperties"]; !said {
			schema["additionalProperties"] = false
		}
	}
}

// reader compiles the messages of a document.
type reader struct {
	compiler *jsonschema.Compiler
	document map[string]any
}

// section reads the channels and operations below a key of the document; the
// empty key is the document itself.
func (r reader) section(key string) ([]validChannel, error) {
	at, base := r.document, "#"
	if key != "" {
		at, _ = r.document[key].(map[string]any)
		base += "/" + escapePointer(key)
	}
	channels, _ := at["channels"].(map[string]any)
	operations, _ := at["operations"].(map[string]any)
	var list []validChannel
	for _, name := range slices.Sorted(maps.Keys(channels)) {
		channel, err := r.channel(name, base+"/channels/"+escapePointer(name), channels[name], operations)
		if err != nil {
			return nil, fmt.Errorf("read channel %s: %w", name, err)
		}
		list = append(list, channel)
	}
	return list, nil
}

func (r reader) channel(name, pointer string, value any, operations map[string]any) (validChannel, error) {
	fields, _ := value.(map[string]any)
	address, _ := fields["address"].(string)
	c := validChannel{name: name, address: addressPattern(address), messages: map[Direction][]validMessage{}}
	for _, operation := range operations {
		o, _ := operation.(map[string]any)
		if refOf(o["channel"]) != pointer {
			continue
		}
		action, _ := o["action"].(string)
		messages, _ := o["messages"].([]any)
		for _, message := range messages {
			compiled, err := r.message(refOf(message))
			if err != nil {
				return c, err
			}
			c.messages[Direction(action)] = append(c.messages[Direction(action)], compiled)
		}
	}
	return c, nil
}

func (r reader) message(pointer string) (validMessage, error) {
	m := validMessage{name: pointer[strings.LastIndexByte(pointer, '/')+1:]}
	var err error
	if m.envelope, err = r.compiler.Compile(documentURL + pointer + "/payload"); err != nil {
		return m, fmt.Errorf("message %s: %w", m.name, err)
	}
	if _, ok := m.envelope.Properties["payload"]; ok {
		m.payload = m.envelope.Properties["payload"]
	}
	return m, nil
}

func refOf(value any) string {
	object, _ := value.(map[string]any)
	pointer, _ := object["$ref"].(string)
	return pointer
}

// addressPattern matches an address with values in place of its parameters.
func addressPattern(address string) *regexp.Regexp {
	var pattern strings.Builder
	pattern.WriteString(`\A`)
	for i, part := range regexp.MustCompile(`\{[^}]*\}`).Split(address, -1) {
		if i > 0 {
			pattern.WriteString(`[^./]+`)
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	return regexp.MustCompile(pattern.String() + `\z`)
}
