package helios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

// What the sockets updates, controls and outputs of a stream have in common.

// maxRequestID bounds the request ids that are kept for an answer, in bytes.
const maxRequestID = 256

// errInvalidRequest is wrapped when a client message cannot be read.
var errInvalidRequest = errors.New("invalid request")

func invalidRequest(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errInvalidRequest, fmt.Sprintf(format, args...))
}

// readRequest reads a client message into v and returns its request id, as far as
// there is one, also when the rest cannot be read.
func readRequest(m Message, v any) (requestID *string, err error) {
	if m.Binary {
		return nil, invalidRequest("binary messages are not taken here")
	}
	var head struct {
		RequestID json.RawMessage `json:"request_id"`
	}
	if err := json.Unmarshal(m.Payload, &head); err != nil {
		return nil, invalidRequest("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	var id *string
	if len(head.RequestID) > 0 && json.Unmarshal(head.RequestID, &id) != nil {
		return nil, invalidRequest("request_id is not a string")
	}
	if id != nil && len(*id) > maxRequestID {
		return nil, invalidRequest("request_id is longer than %d bytes", maxRequestID)
	}
	if err := json.Unmarshal(m.Payload, v); err != nil {
		return id, invalidRequest("%s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return id, nil
}

// unknownType is the error of a message of an unknown type.
func unknownType(kind string) error {
	if kind == "" {
		return invalidRequest("type is missing")
	}
	return invalidRequest("unknown type %.40q", kind)
}

// problem tells an error of a stream in words for the client.
func problem(err error) string {
	if errors.Is(err, video.ErrNotFound) || errors.Is(err, video.ErrDeleted) {
		return "stream not found"
	}
	return err.Error()
}

// answer answers a request on the sockets updates and controls: with an
// acknowledgement if err is nil.
func (s *Session) answer(ctx context.Context, requestID *string, err error) error {
	if err == nil {
		return s.Send(ctx, wire.StreamAnswer{Type: "ack", RequestID: requestID})
	}
	return s.Send(ctx, wire.StreamAnswer{Type: "error", RequestID: requestID, Error: problem(err)})
}
