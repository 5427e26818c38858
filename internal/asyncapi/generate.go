package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Version is the version of the AsyncAPI specification that documents follow.
const Version = "3.0.0"

// Generate writes the document, indented, ending with a newline. The comments
// become descriptions; they may be nil. It fails when a Go type has no schema or
// two different ones want the same name.
func Generate(doc Document, comments *Comments) ([]byte, error) {
	r, err := newRegistry(doc, comments)
	if err != nil {
		return nil, err
	}
	root := newObject().
		set("asyncapi", Version).
		set("info", info(doc.Info)).
		set("defaultContentType", "application/json").
		set("servers", newObject().set(doc.Server.Name, server(doc.Server)))
	channels, operations, err := r.channels(doc.Channels, []string{"channels"})
	if err != nil {
		return nil, err
	}
	root.set("channels", channels).set("operations", operations)
	var extension *object
	if doc.Extension != nil {
		if extension, err = r.extension(*doc.Extension); err != nil {
			return nil, err
		}
	}
	root.set("components", newObject().set("schemas", r.schemas()))
	if extension != nil {
		root.set(doc.Extension.Key, extension)
	}
	return indent(root)
}

func indent(root *object) ([]byte, error) {
	compact, err := encode(root)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func info(i Info) *object {
	tags := make([]*object, 0, len(i.Tags))
	for _, tag := range i.Tags {
		tags = append(tags, newObject().set("name", tag.Name).setText("description", tag.Description))
	}
	return newObject().
		set("title", i.Title).
		set("version", i.Version).
		setText("description", i.Description).
		set("tags", tags)
}

func server(s Server) *object {
	return newObject().set("host", s.Host).set("protocol", s.Protocol).setText("description", s.Description)
}

// channels makes the channels and operations of a part of the document.
func (r *registry) channels(list []Channel, at []string) (channels, operations *object, err error) {
	channels, operations = newObject(), newObject()
	for _, c := range list {
		if channels.has(c.Name) {
			return nil, nil, fmt.Errorf("channel %s is described twice", c.Name)
		}
		channel, err := r.channel(c)
		if err != nil {
			return nil, nil, fmt.Errorf("channel %s: %w", c.Name, err)
		}
		channels.set(c.Name, channel)
		if c.Operation == "" {
			continue
		}
		here := append(at[:len(at):len(at)], c.Name)
		if len(c.Requests) > 0 {
			operations.set(c.Operation, operation("send", c, c.Requests, here))
		}
		if len(c.Replies) > 0 {
			operations.set(c.Operation+"_receive", operation("receive", c, c.Replies, here))
		}
	}
	return channels, operations, nil
}

func (r *registry) channel(c Channel) (*object, error) {
	messages := newObject()
	for _, list := range [][]Message{c.Requests, c.Replies} {
		for _, m := range list {
			if messages.has(m.Name) {
				return nil, fmt.Errorf("message %s is described twice", m.Name)
			}
			message, err := r.message(c, m)
			if err != nil {
				return nil, fmt.Errorf("message %s: %w", m.Name, err)
			}
			messages.set(m.Name, message)
		}
	}
	address := c.Address
	if address == "" {
		address = c.Name
	}
	o := newObject().set("address", address).setText("summary", c.Summary).setText("description", c.Description)
	if len(c.Parameters) > 0 {
		parameters := newObject()
		for _, p := range c.Parameters {
			schema, err := p.Type.in(r)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
			}
			parameters.set(p.Name, newObject().setText("description", p.Description).set("x-schema", schema))
		}
		o.set("parameters", parameters)
	}
	o.set("messages", messages)
	if c.Query != nil {
		query, err := c.Query.in(r)
		if err != nil {
			return nil, fmt.Errorf("query: %w", err)
		}
		o.set("bindings", newObject().set("ws", newObject().set("method", "GET").set("query", query).set("bindingVersion", "0.1.0")))
	}
	return o, nil
}

func (r *registry) message(c Channel, m Message) (*object, error) {
	payload, err := m.Payload.in(r)
	if err != nil {
		return nil, err
	}
	summary, description := m.Summary, m.Description
	if summary == "" {
		summary = c.Summary
	}
	if description == "" {
		description = c.Description
	}
	return newObject().
		set("name", m.Name).
		setText("summary", summary).
		setText("description", description).
		set("tags", tagNames(c.Tags)).
		set("payload", payload), nil
}

func operation(action string, c Channel, messages []Message, at []string) *object {
	refs := make([]*object, 0, len(messages))
	for _, m := range messages {
		refs = append(refs, ref(append(at[:len(at):len(at)], "messages", m.Name)...))
	}
	return newObject().
		set("action", action).
		set("channel", ref(at...)).
		setText("summary", c.Summary).
		set("tags", tagNames(c.Tags)).
		set("messages", refs)
}

// extension has the form of the document's own channels and operations.
func (r *registry) extension(e Extension) (*object, error) {
	channels, operations, err := r.channels(e.Channels, []string{e.Key, "channels"})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Key, err)
	}
	return newObject().setText("description", e.Description).set("channels", channels).set("operations", operations), nil
}

func tagNames(names []string) []*object {
	tags := make([]*object, 0, len(names))
	for _, name := range names {
		tags = append(tags, newObject().set("name", name))
	}
	return tags
}

// escapePointer writes a key as a part of a JSON pointer in a URI fragment.
func escapePointer(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "%", "%25", "{", "%7B", "}", "%7D").Replace(key)
}
