package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

var errBinary = errors.New("a binary message, where only text is expected")

// decodeObject reads a channel whose messages are all of one type.
func decodeObject[T any](channel string) func(bool, []byte) (T, error) {
	return func(binary bool, data []byte) (T, error) {
		var v T
		if binary {
			return v, errBinary
		}
		if e := payloadError(channel, data); e != nil {
			return v, e
		}
		err := json.Unmarshal(data, &v)
		return v, err
	}
}

// A maker reads one type of message of a union.
type maker[T any] func([]byte) (T, error)

// as makes a maker for the message type M of the union T.
func as[M, T any](toUnion func(M) T) maker[T] {
	return func(data []byte) (T, error) {
		var m M
		if err := json.Unmarshal(data, &m); err != nil {
			var none T
			return none, err
		}
		return toUnion(m), nil
	}
}

// decodeUnion reads a channel whose messages are told apart by their type.
func decodeUnion[T any](channel string, types map[string]maker[T]) func(bool, []byte) (T, error) {
	return func(binary bool, data []byte) (T, error) {
		var none T
		if binary {
			return none, errBinary
		}
		kind, err := typeOf(data)
		if err != nil {
			return none, err
		}
		if kind == "error" {
			if e := payloadError(channel, data); e != nil {
				return none, e
			}
		}
		decode, ok := types[kind]
		if !ok {
			return none, fmt.Errorf("unknown type %q", kind)
		}
		return decode(data)
	}
}

// typeOf gives the type of a message. Servers put it first as a rule, which
// saves reading the message twice.
func typeOf(data []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(data, []byte(`{"type":"`)); ok {
		if n := bytes.IndexAny(rest[:min(len(rest), 32)], `"\\`); n >= 0 && rest[n] == '"' {
			return string(rest[:n]), nil
		}
	}
	var head struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(data, &head)
	return head.Type, err
}
