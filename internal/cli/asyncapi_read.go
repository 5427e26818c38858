package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// channelInfo is what a document says about one channel.
type channelInfo struct {
	Name       string      `json:"name"`
	Summary    string      `json:"summary,omitempty"`
	Parameters []paramInfo `json:"parameters,omitempty"`
}

// paramInfo is one parameter of a channel.
type paramInfo struct {
	Name    string          `json:"name"`
	Type    string          `json:"type,omitempty"`
	Default json.RawMessage `json:"default,omitempty"`
}

// parameterText gives the parameters with their defaults, as watch takes them.
func (c channelInfo) parameterText() string {
	var parts []string
	for _, p := range c.Parameters {
		part := p.Name
		if len(p.Default) > 0 {
			part += "=" + strings.Trim(string(p.Default), `"`)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " ")
}

// object is any JSON object of the document.
type object = map[string]json.RawMessage

// An apiDocument is an AsyncAPI 3 document; references are followed within it.
type apiDocument struct {
	root     object
	channels map[string]object
}

// readChannels lists the channels of an AsyncAPI document by name. It takes what
// it finds: of a document without summaries and parameters the names remain.
func readChannels(document []byte) ([]channelInfo, error) {
	d := apiDocument{channels: make(map[string]object)}
	if err := json.Unmarshal(document, &d.root); err != nil {
		return nil, fmt.Errorf("read the AsyncAPI document: %w", err)
	}
	if err := json.Unmarshal(d.root["channels"], &d.channels); err != nil {
		return nil, fmt.Errorf("read the AsyncAPI document: its channels: %w", err)
	}
	var list []channelInfo
	for key, channel := range d.channels {
		info := channelInfo{Name: first(text(channel["address"]), key), Summary: text(channel["summary"])}
		d.fill(&info, key, channel)
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b channelInfo) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// fill takes the summary and the parameters from the request message, which has
// the channel's name in a form for identifiers.
func (d apiDocument) fill(info *channelInfo, key string, channel object) {
	messages := d.objectAt(channel["messages"])
	request := d.objectAt(messages[identifier(key)])
	info.Summary = first(info.Summary, text(request["summary"]))
	payload := d.objectAt(request["payload"])
	params := d.objectAt(d.objectAt(payload["properties"])["payload"])
	for name, raw := range d.objectAt(params["properties"]) {
		schema := d.objectAt(raw)
		info.Parameters = append(info.Parameters, paramInfo{Name: name, Type: text(schema["type"]), Default: schema["default"]})
	}
	sort.Slice(info.Parameters, func(i, j int) bool { return info.Parameters[i].Name < info.Parameters[j].Name })
}

// maxReferences bounds a chain of references, which may be a circle.
const maxReferences = 8

// objectAt reads an object, through references within the document. What is not
// there is an empty object.
func (d apiDocument) objectAt(raw json.RawMessage) object {
	for range maxReferences {
		var o object
		if json.Unmarshal(raw, &o) != nil {
			return object{}
		}
		path, ok := strings.CutPrefix(text(o["$ref"]), "#/")
		if !ok {
			return o
		}
		raw = d.resolve(path)
	}
	return object{}
}

// resolve follows a JSON pointer without its leading "/".
func (d apiDocument) resolve(path string) json.RawMessage {
	at := d.root
	parts := strings.Split(path, "/")
	for i, part := range parts {
		raw := at[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
		if i == len(parts)-1 {
			return raw
		}
		at = nil
		if json.Unmarshal(raw, &at) != nil {
			return nil
		}
	}
	return nil
}

// identifier replaces every character outside A-Z, a-z and 0-9 by "_".
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
}

// text gives a JSON string, or "" for anything else.
func text(raw json.RawMessage) string {
	var s string
	_ = json.Unmarshal(raw, &s)
	return s
}
