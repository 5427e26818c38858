package wsconn

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// Code is a WebSocket close code (RFC 6455, section 7.4).
type Code uint16

// The codes that this server uses.
const (
	CodeNormal        Code = 1000 // the conversation has ended
	CodeGoingAway     Code = 1001 // the server shuts down
	CodeProtocolError Code = 1002 // the peer broke RFC 6455
	CodeUnsupported   Code = 1003 // a kind of message that is not taken here
	CodeInvalidData   Code = 1007 // text that is not UTF-8, or broken compression
	CodePolicy        Code = 1008 // refused
	CodeTooLarge      Code = 1009 // a message beyond the read limit
	CodeInternal      Code = 1011 // the server failed
	CodeTryLater      Code = 1013 // too many connections, or the peer reads too slowly
)

// Reasons for which a connection ends without the server having wanted it.
var (
	// ErrSlow means that the peer did not read for the stall limit.
	ErrSlow = errors.New("the peer reads too slowly")
	// ErrSilent means that nothing came from the peer, not even a pong.
	ErrSilent = errors.New("the peer was silent for too long")
	// ErrPeerClosed means that the peer closed the connection, with or without
	// a close frame.
	ErrPeerClosed = errors.New("the peer closed the connection")
	// ErrShutdown means that the hub was shut down.
	ErrShutdown = errors.New("the server shuts down")
	// ErrClosed means that this end closed the connection.
	ErrClosed = errors.New("the connection is closed")
)

// CloseError is an error that says how to close the connection. A reader's
// callback returns one to end the connection with a code of its own.
type CloseError struct {
	Code   Code
	Reason string // what the peer is told; cut to 123 bytes

	cause error
}

// Error names the code and the reason, and the cause if there is one.
func (e *CloseError) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("close the connection with code %d: %v", e.Code, e.cause)
	}
	return fmt.Sprintf("close the connection with code %d: %s", e.Code, e.Reason)
}

// Unwrap returns what made the server fail, if that is why it closes.
func (e *CloseError) Unwrap() error { return e.cause }

// protocolError is what a peer that breaks RFC 6455 gets.
func protocolError(reason string) error {
	return &CloseError{Code: CodeProtocolError, Reason: reason}
}

// maxReason is what a control frame has room for beside the code.
const maxReason = ws.MaxControlFramePayloadSize - 2

func closeFrame(code Code, reason string) []byte {
	if len(reason) > maxReason {
		reason = reason[:maxReason]
		for !utf8.ValidString(reason) {
			reason = reason[:len(reason)-1]
		}
	}
	frame := appendHeader(make([]byte, 0, 4+len(reason)), ws.OpClose, 0, 2+len(reason))
	frame = binary.BigEndian.AppendUint16(frame, uint16(code))
	return append(frame, reason...)
}

// closeReply returns the code that answers a peer's close frame, which is its
// own, or how to refuse a malformed one.
func closeReply(payload []byte) (Code, error) {
	if len(payload) == 0 {
		return CodeNormal, nil
	}
	if len(payload) == 1 {
		return 0, protocolError("malformed close frame")
	}
	code := Code(binary.BigEndian.Uint16(payload))
	switch {
	case !code.mayBeSent():
		return 0, protocolError("invalid close code")
	case !utf8.Valid(payload[2:]):
		return 0, &CloseError{Code: CodeInvalidData, Reason: "close reason that is not UTF-8"}
	}
	return code, nil
}

// mayBeSent reports whether an endpoint may put the code into a close frame:
// those of RFC 6455, section 7.4.1, those registered with IANA since (1012 to
// 1014), and those for libraries and applications.
func (c Code) mayBeSent() bool {
	switch {
	case c >= 1000 && c <= 1003, c >= 1007 && c <= 1014, c >= 3000 && c <= 4999:
		return true
	}
	return false
}
