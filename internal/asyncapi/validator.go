package asyncapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Direction is the direction of a message, as an operation's action says it.
type Direction string

// The directions, seen by the client.
const (
	Send    Direction = "send"    // from client to server
	Receive Direction = "receive" // from server to client
)

// ErrUnknownChannel is wrapped by the errors about a channel that the document
// does not have, or that has no messages in the direction.
var ErrUnknownChannel = errors.New("not in the document")

// Validator checks messages against a document whose messages are envelopes with
// the members cmd, which names the channel, and payload. It is stricter than the
// document in one point: objects among its components may have no properties but
// the described ones, unless the document says that they may. So it also finds
// what a type does not declare. It may be used by several goroutines.
type Validator struct {
	channels []validChannel
}

// validChannel holds the messages of one entry under channels.
type validChannel struct {
	name     string
	address  *regexp.Regexp
	messages map[Direction][]validMessage
}

// validMessage is one message; payload is nil when it has none.
type validMessage struct {
	name     string
	envelope *jsonschema.Schema
	payload  *jsonschema.Schema
}

// NewValidator reads an AsyncAPI document. Its x- sections that have channels
// and operations count like those of the document itself.
func NewValidator(doc []byte) (*Validator, error) {
	root, err := jsonschema.UnmarshalJSON(bytes.NewReader(doc))
	if err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	object, ok := root.(map[string]any)
	if !ok {
		return nil, errors.New("read document: not an object")
	}
	closeObjects(object)
	v, compiler := &Validator{}, jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	if err := compiler.AddResource(documentURL, root); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	r := reader{compiler: compiler, document: object}
	sections := []string{""}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if strings.HasPrefix(key, "x-") {
			sections = append(sections, key)
		}
	}
	for _, section := range sections {
		channels, err := r.section(section)
		if err != nil {
			return nil, err
		}
		v.channels = append(v.channels, channels...)
	}
	return v, nil
}

// Envelope checks a whole message that goes in the given direction. The error is
// an InvalidError or wraps ErrUnknownChannel; a message that fits one of several
// of its channel is right.
func (v *Validator) Envelope(dir Direction, raw []byte) error {
	var head struct {
		Cmd *string `json:"cmd"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return &InvalidError{Reason: err.Error()}
	}
	if head.Cmd == nil {
		return &InvalidError{Path: "/cmd", Reason: "missing"}
	}
	return v.check(*head.Cmd, dir, raw, func(m validMessage) *jsonschema.Schema { return m.envelope })
}

// Message checks a whole message of a channel, whatever its form, in a document whose
// messages are no envelopes. The channel is named as in the document.
func (v *Validator) Message(channel string, dir Direction, raw []byte) error {
	return v.check(channel, dir, raw, func(m validMessage) *jsonschema.Schema { return m.envelope })
}

// Payload checks a channel's message that has no envelope, as on the channel's
// own socket. The channel is named as in the document or, where that has
// parameters, with their values.
func (v *Validator) Payload(channel string, dir Direction, raw []byte) error {
	return v.check(channel, dir, raw, func(m validMessage) *jsonschema.Schema { return m.payload })
}

func (v *Validator) check(name string, dir Direction, raw []byte, schema func(validMessage) *jsonschema.Schema) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return &InvalidError{Channel: name, Reason: err.Error()}
	}
	var failures []error
	for _, channel := range v.channels {
		if channel.name != name && !channel.address.MatchString(name) {
			continue
		}
		for _, message := range channel.messages[dir] {
			s := schema(message)
			if s == nil {
				continue
			}
			err := s.Validate(value)
			if err == nil {
				return nil
			}
			failures = append(failures, explain(name, message.name, err)...)
		}
	}
	if len(failures) == 0 {
		return fmt.Errorf("channel %q, direction %s: %w", name, dir, ErrUnknownChannel)
	}
	return errors.Join(failures...)
}
