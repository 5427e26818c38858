package video

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MergePatch applies a JSON merge patch (RFC 7396) to a document, which may be empty.
// Members of an object in the patch replace those of the document, or are merged with
// them if both are objects; null removes one; anything else replaces the whole. The
// order of members is not kept.
func MergePatch(document, patch json.RawMessage) (json.RawMessage, error) {
	p, err := anyJSON(patch)
	if err != nil {
		return nil, fmt.Errorf("read a merge patch: %w", err)
	}
	var d any
	if len(bytes.TrimSpace(document)) > 0 {
		if d, err = anyJSON(document); err != nil {
			return nil, fmt.Errorf("read the document to patch: %w", err)
		}
	}
	out, err := json.Marshal(mergePatch(d, p))
	if err != nil {
		return nil, fmt.Errorf("write a patched document: %w", err)
	}
	return out, nil
}

// anyJSON decodes one value and keeps numbers as they are written.
func anyJSON(data json.RawMessage) (any, error) {
	if !json.Valid(data) {
		return nil, fmt.Errorf("not JSON")
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// mergePatch is the function MergePatch of RFC 7396, section 2. It recurses as deep as
// the patch is nested, which the decoder bounds.
func mergePatch(target, patch any) any {
	members, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, v := range members {
		if v == nil {
			delete(object, name)
		} else {
			object[name] = mergePatch(object[name], v)
		}
	}
	return object
}

func isNull(v json.RawMessage) bool {
	text := bytes.TrimSpace(v)
	return len(text) == 0 || string(text) == "null"
}
