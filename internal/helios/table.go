package helios

import (
	"context"
	"strings"

	"github.com/heliograph/heliograph/internal/access"
)

// Channel is one named conversation of the protocol: one row of the table from
// which the sockets, the envelope and the AsyncAPI document are made.
type Channel struct {
	// Name is the channel's name in envelopes; stream channels have the literal
	// part {stream_id}.
	Name string
	// Path is the part of the URL after /v1/ws/.
	Path string
	// Scope is what a client must be allowed to do.
	Scope access.Scope
	// Published channels are part of the multiplexed socket and of the document.
	Published bool
	// Params returns a new parameter struct.
	Params func() any
	// Input tells that the channel reads client messages; otherwise they are
	// read and ignored.
	Input bool
	// Reopen says what a request for an open channel means on the multiplexed
	// socket.
	Reopen Reopen
	// Serve holds the conversation. It returns when the channel has ended: nil
	// after its own last message, errTold after an error message, and
	// promptly when ctx is done.
	Serve func(ctx context.Context, s *Session, params any) error
}

// Reopen says what happens when a client asks again for a channel that is open.
type Reopen int

const (
	// Restart ends the channel silently and begins it again with the new
	// parameters.
	Restart Reopen = iota
	// Deliver hands the payload, empty if there is none, to the open channel as a
	// client message. On a closed channel it is the first message, which is there
	// when Serve begins.
	Deliver
)

// streamID is the variable part of names and paths of stream channels.
const streamID = "{stream_id}"

// match reports whether the channel has the given name, and the stream id in it.
func (c *Channel) match(name string) (id string, ok bool) {
	before, after, variable := strings.Cut(c.Name, streamID)
	if !variable {
		return "", name == c.Name
	}
	if !strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) || len(name) <= len(before)+len(after) {
		return "", false
	}
	return name[len(before) : len(name)-len(after)], true
}
