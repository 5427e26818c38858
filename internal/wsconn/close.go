package wsconn

import (
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
	// ErrPeerClosed means that the peer closed the connection.
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
	Reason string
}

// Error names the code and the reason.
func (e *CloseError) Error() string {
	return fmt.Sprintf("close the connection with code %d: %s", e.Code, e.Reason)
}

// maxReason is what a control frame has room for beside the code.
const maxReason = 123

func closeFrame(code Code, reason string) []byte {
	if len(reason) > maxReason {
		reason = reason[:maxReason]
		for !utf8.ValidString(reason) {
			reason = reason[:len(reason)-1]
		}
	}
	body := ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	return append(appendHeader(make([]byte, 0, 2+len(body)), ws.OpClose, 0, len(body)), body...)
}

// closeReply returns what answers a peer's close frame: its code, or 1002 if
// the frame was malformed.
func closeReply(payload []byte) Code {
	if len(payload) == 0 {
		return CodeNormal
	}
	code, reason := ws.ParseCloseFrameData(payload)
	if len(payload) == 1 || ws.CheckCloseFrameData(code, reason) != nil {
		return CodeProtocolError
	}
	return Code(code)
}
