package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/heliograph/heliograph/client/helios"
)

// Streams lists the video streams, also those that are not running.
func (c *Client) Streams(ctx context.Context) ([]helios.StreamInfo, error) {
	return Get[[]helios.StreamInfo](ctx, c, "/v1/streams", nil)
}

// Stream describes one video stream. The error matches ErrNotFound if there is
// none of that id.
func (c *Client) Stream(ctx context.Context, id string) (helios.StreamInfo, error) {
	return Get[helios.StreamInfo](ctx, c, streamPath(id), nil)
}

// CreateStream creates a video stream, which is kept over restarts of the server;
// an existing one of the id in the manifest, if there is one, gets the manifest
// and starts again. Begin with helios.DefaultStreamManifest. The message of an
// *Error for a manifest that cannot be used names the first field that is wrong.
func (c *Client) CreateStream(ctx context.Context, m helios.StreamManifest) (helios.StreamCreated, error) {
	return Post[helios.StreamCreated](ctx, c, "/v1/streams", m)
}

// DeleteStream deletes a video stream. A server does not tell whether there was
// one.
func (c *Client) DeleteStream(ctx context.Context, id string) error {
	return c.Delete(ctx, streamPath(id))
}

func streamPath(id string) string { return "/v1/streams/" + url.PathEscape(id) }

// IMUStatus gives the newest status of the inertial sensor. A device without one
// has a status with HasSample false.
func (c *Client) IMUStatus(ctx context.Context) (helios.ImuStatusPayload, error) {
	return Get[helios.ImuStatusPayload](ctx, c, "/v1/device/imu", nil)
}

// UpdateIMU changes settings of the inertial sensor and gives the status that was
// made with them. What is nil stays as it is.
func (c *Client) UpdateIMU(ctx context.Context, change helios.ImuUpdateRequest) (helios.ImuStatusPayload, error) {
	const path = "/v1/device/imu"
	var status helios.ImuStatusPayload
	data, err := c.Do(ctx, http.MethodPatch, path, nil, change)
	if err == nil {
		if err = json.Unmarshal(data, &status); err != nil {
			err = fmt.Errorf("PATCH %s: read the answer: %w", path, err)
		}
	}
	return status, err
}

// Key tells whether a decoder can begin with the frame: always, except for H264
// and H265, whose access units need a key picture in them. It is false for the
// event that announces a format.
func (f Frame) Key() bool {
	var key func(header byte) bool
	switch f.Format.FourCC {
	case "H264": // IDR, Rec. ITU-T H.264 table 7-1
		key = func(header byte) bool { return header&0x1f == 5 }
	case "H265", "HEVC": // IRAP, Rec. ITU-T H.265 table 7-1
		key = func(header byte) bool { return header>>1&0x3f >= 16 && header>>1&0x3f <= 23 }
	default:
		return len(f.Data) > 0
	}
	for rest := f.Data; ; {
		i := bytes.Index(rest, []byte{0, 0, 1})
		if i < 0 || i+3 >= len(rest) {
			return false
		}
		if key(rest[i+3]) {
			return true
		}
		rest = rest[i+3:]
	}
}
