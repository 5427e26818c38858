package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/heliograph/heliograph/client/helios"
)

// A Frame is one encoded picture or access unit of a stream.
type Frame struct {
	// Format is the format in force.
	Format helios.FramesFormat
	// Data is the frame; nil in the event that announces a new format.
	Data []byte
}

// StreamFrames subscribes to the frames of a stream. An empty Output leaves the
// selection as it is and PollMS 0 is left to the server; Restore is sent as it
// is. A slow receiver gets the newest frames; for formats that build on earlier
// frames, H264 for example, Event.Missed above 0 means that pictures are broken
// until the next keyframe.
func (c *Client) StreamFrames(ctx context.Context, streamID string, p helios.StreamFramesParams) (*Subscription[Frame], error) {
	channel := "streams." + streamID + ".frames"
	return subscribe(ctx, c, spec[Frame]{
		channel: channel,
		path:    "/v1/ws/streams/" + url.PathEscape(streamID) + "/frames",
		query: constant(pair{"output", p.Output},
			pair{"restore", strconv.FormatBool(p.Restore)},
			number("poll_ms", p.PollMS)),
		decode: decodeFrames(channel),
		judge:  fatal[Frame],
		finite: true,
		newest: true,
		queue:  stateQueue,
	})
}

// decodeFrames remembers the format, which is told only when it changes.
func decodeFrames(channel string) func(bool, []byte) (Frame, error) {
	var format helios.FramesFormat
	return func(binary bool, data []byte) (Frame, error) {
		if binary {
			return Frame{Format: format, Data: data}, nil
		}
		if e := payloadError(channel, data); e != nil {
			return Frame{}, e
		}
		var next helios.FramesFormat
		if err := json.Unmarshal(data, &next); err != nil {
			return Frame{}, err
		}
		if next.Type != "format" {
			return Frame{}, fmt.Errorf("unknown type %q", next.Type)
		}
		format = next
		return Frame{Format: format}, nil
	}
}
