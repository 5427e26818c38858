package client

import "time"

// An Event is one thing that a subscription tells: a message, or with Gap a
// change of its connection, or with Err an error message of the channel or a
// message that could not be read.
type Event[T any] struct {
	// Value is the message. It is the receiver's to keep and to change.
	Value T
	// At is when it arrived here.
	At time.Time
	// Missed counts the messages that this client threw away before this one,
	// because newer ones came before the receiver took them. Only channels of
	// states do that.
	Missed uint64
	// Gap, if not nil, tells that the connection was lost or is back. Value is
	// then zero.
	Gap *Gap
	// Err, if not nil, is an *Error that the channel told, or says that a message
	// came which this client cannot read. Value is then zero; the subscription
	// goes on unless Next says otherwise.
	Err error

	size int // bytes of the message on the wire, for the bound of the queue
}

// A Gap is a time without connection. It is told twice: when the connection is
// lost and when it is back. What the server sent in between is lost, unless the
// channel repeats it.
type Gap struct {
	// Since is when the last sign of life came over the lost connection.
	Since time.Time
	// Until is when the connection was back; zero while it is down.
	Until time.Time
	// Cause says why it was lost.
	Cause error
	// Attempts counts how often it was tried to connect again.
	Attempts int
}

// Back tells whether the connection is there again.
func (g *Gap) Back() bool { return !g.Until.IsZero() }
