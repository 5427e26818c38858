package heliosdoc

import (
	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/asyncapi"
)

// extension lists what goes over the multiplexed socket besides the published
// messages.
func extension() *asyncapi.Extension {
	return &asyncapi.Extension{
		Key: "x-heliograph",
		Description: "Messages of the multiplexed socket that are an addition to the published ones: closing a channel, " +
			"its end, requests that cannot be obeyed, and the text messages among the binary frames of a stream.",
		Channels: []asyncapi.Channel{
			{
				Name: wire.CmdChannelClose, Operation: Key(wire.CmdChannelClose),
				Summary:     "Close a channel",
				Description: "Asks the server to end a channel. It answers with channel.closed after the channel's last message.",
				Requests:    []asyncapi.Message{control[wire.ChannelClose](wire.CmdChannelClose)},
			},
			{
				Name: wire.CmdChannelClosed, Operation: Key(wire.CmdChannelClosed),
				Summary:     "A channel has ended",
				Description: "Follows the last message of a channel. The connection stays open, and so may the channel be opened again.",
				Replies:     []asyncapi.Message{control[wire.ChannelClosed](wire.CmdChannelClosed)},
			},
			{
				Name: wire.CmdChannelError, Operation: Key(wire.CmdChannelError),
				Summary:     "A message could not be obeyed",
				Description: "Answers a client's message that is not an envelope, names no channel, or does not fit the channel.",
				Replies:     []asyncapi.Message{control[wire.ChannelError](wire.CmdChannelError)},
			},
			{
				Name: wire.ChannelStreamFrames, Operation: Key(wire.ChannelStreamFrames),
				Summary: "Format of stream frames",
				Description: "The text messages of the channel: the format before the first frame and after a change, and the error " +
					"that ends it. Each frame is one binary message: 16 bytes with the stream's UUID, then the encoded frame.",
				Parameters: parameters(wire.ChannelStreamFrames),
				Replies: []asyncapi.Message{{
					Name:    Key(wire.ChannelStreamFrames) + "_format",
					Payload: envelope(example(wire.ChannelStreamFrames), of[wire.FramesEvent](), true),
				}},
			},
		},
	}
}

// control is a message whose cmd is not a channel.
func control[T any](cmd string) asyncapi.Message {
	return asyncapi.Message{Name: Key(cmd), Payload: envelope(asyncapi.String("", cmd, ""), of[T](), true)}
}
