package helios

import (
	"context"

	"github.com/google/uuid"
)

// serveStreamSocket answers on the three unpublished sockets of a stream.
func (a *API) serveStreamSocket(ctx context.Context, s *Session, _ any) error {
	err := s.Send(ctx, struct {
		Type  string `json:"type"`
		Error string `json:"error"`
	}{"error", "stream not found"})
	if err != nil {
		return err
	}
	return errTold
}

// ids returns request and trace id of the conversation: those of the request if
// they are UUIDs, which the error objects demand, and otherwise new ones.
func (s *Session) ids() (requestID, traceID string) {
	asUUID := func(given string) string {
		if id, err := parseUUID(given); err == nil {
			return id.String()
		}
		return uuid.NewString()
	}
	if s.trace.RequestID == s.trace.TraceID {
		id := asUUID(s.trace.RequestID)
		return id, id
	}
	return asUUID(s.trace.RequestID), asUUID(s.trace.TraceID)
}
