package app

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/source/video/ffmpeg"
	"github.com/heliograph/heliograph/internal/source/video/mediafile"
	"github.com/heliograph/heliograph/internal/source/video/mjpeg"
	"github.com/heliograph/heliograph/internal/source/video/processing"
	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/internal/source/video/v4l2"
)

// simulateCamera is what --simulate calls the camera that shows the test pattern.
const simulateCamera = "camera"

// newStreams returns the owner of the video streams. Streams that are to run from
// the start are started.
func newStreams(cfg config.Config, state *statedir.Dir, log *slog.Logger) (*video.Manager, error) {
	streams, err := video.New(video.Options{
		Backends: []video.Backend{
			testpattern.New(testpattern.Options{Simulate: slices.Contains(cfg.Simulate, simulateCamera)}),
			v4l2.New(v4l2.Options{}),
			mjpeg.New(mjpeg.Options{}),
			ffmpeg.New(ffmpeg.Options{}),
			mediafile.New(),
		},
		StateFile:   state.Join("streams.json"),
		Transcoder:  ffmpeg.NewTranscoder(ffmpeg.Options{}),
		NewPipeline: processing.New,
		Logger:      log,
	})
	if err != nil {
		return nil, fmt.Errorf("open the streams: %w", err)
	}
	return streams, nil
}

// closeStreams stops the cameras.
func closeStreams(m *video.Manager, log *slog.Logger) {
	if err := m.Close(); err != nil {
		log.Error("streams not closed", "err", err)
	}
}
