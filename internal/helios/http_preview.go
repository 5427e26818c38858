package helios

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

const (
	// maxPreviews bounds the previews at a time. Each holds at most one frame, which
	// it shares with the others unless its client is behind.
	maxPreviews = 128
	// firstFrameWait is how long a request waits for a camera to deliver.
	firstFrameWait = 10 * time.Second
	// previewBoundary separates the pictures of a preview.
	previewBoundary = "frame"
)

// errNoCapture is wrapped when a stream gives no frames, with the reason.
var errNoCapture = errors.New("there is no picture")

// getPreview shows a stream until the client goes, the stream is deleted or the server
// stops. The client gets the newest frame when it has read the one before; one that
// reads nothing is ended by the server's stall timeout.
func (a *API) getPreview(w http.ResponseWriter, r *http.Request) error {
	s, output, err := a.shownOf(r)
	if err != nil {
		return err
	}
	if a.previews.Add(1) > maxPreviews {
		a.previews.Add(-1)
		return &engineError{
			status: http.StatusServiceUnavailable, code: wire.EngineBusy, retryable: true,
			text: fmt.Sprintf("there are %d previews already", maxPreviews),
		}
	}
	defer a.previews.Add(-1)
	ctx, cancel := a.untilStop(r.Context())
	defer cancel()
	v, err := s.Watch(video.ViewerOptions{Output: output, Restore: true})
	if err != nil {
		return noPicture(err)
	}
	defer v.Close()
	first, err := a.firstFrame(ctx, s, v)
	if err != nil {
		return noPicture(err)
	}
	show(ctx, w, v, first)
	return nil
}

// shownOf returns the stream of a path and the output that the query asks for, "" for
// the one that is selected.
func (a *API) shownOf(r *http.Request) (*video.Stream, string, error) {
	s, err := a.streamOf(r)
	if err != nil {
		return nil, "", err
	}
	pipeline, err := queryText(r, "pipeline")
	if err != nil {
		return nil, "", err
	}
	output, err := queryText(r, "output")
	if err != nil || pipeline == "" {
		return s, output, err
	}
	id, err := parseUUID(pipeline)
	if err != nil {
		return nil, "", &engineError{status: http.StatusBadRequest, code: wire.EngineInvalidInput, text: "parameter pipeline: " + err.Error()}
	}
	cfg := s.Config()
	switch {
	case id.String() == wire.PipelineRaw && (output == "" || output == outputRaw):
		return s, rawOutput(s), nil
	case cfg.PipelineEnabled && cfg.ActivePipeline == id.String():
		return s, output, nil
	}
	return nil, "", &engineError{
		status: http.StatusNotFound, code: wire.EngineNotFound, text: fmt.Sprintf("pipeline %s is not the active one of this stream", id),
	}
}

// rawOutput returns the output that shows the frames as they are captured.
func rawOutput(s *video.Stream) string {
	for _, o := range s.Outputs() {
		if o.Name == outputRaw && o.Image {
			return outputRaw
		}
	}
	return video.OutputFrame
}

// queryText reads a parameter of the query that may occur once.
func queryText(r *http.Request, name string) (string, error) {
	given := r.URL.Query()[name]
	switch len(given) {
	case 0:
		return "", nil
	case 1:
		return given[0], nil
	}
	return "", &engineError{
		status: http.StatusBadRequest, code: wire.EngineInvalidInput, text: fmt.Sprintf("parameter %s is given %d times", name, len(given)),
	}
}

// untilStop returns a context that is also done when the server is about to shut down.
func (a *API) untilStop(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	stop := context.AfterFunc(a.stopping, func() { cancel(wsconn.ErrShutdown) })
	return ctx, func() { stop(); cancel(nil) }
}

// noPicture is how it is told that a stream shows nothing: it is not found, unless the
// server stops.
func noPicture(err error) error {
	if errors.Is(err, wsconn.ErrShutdown) || errors.Is(err, topic.ErrClosed) {
		return &engineError{status: http.StatusServiceUnavailable, code: wire.EngineInvalidState, retryable: true, text: "the server stops"}
	}
	known := &engineError{status: http.StatusNotFound, code: wire.EngineNotFound, text: err.Error()}
	known.retryable = errors.Is(err, errNoCapture) || errors.Is(err, context.DeadlineExceeded)
	return known
}

// firstFrame waits for a frame: not when the capture fails, and not for ever.
func (a *API) firstFrame(ctx context.Context, s *video.Stream, v *video.Viewer) (*video.Frame, error) {
	ctx, cancel := a.untilFailure(ctx, s)
	defer cancel()
	return v.Next(ctx)
}

// untilFailure returns a context that ends after firstFrameWait, or when it is known
// that the stream's camera does not deliver.
func (a *API) untilFailure(parent context.Context, s *video.Stream) (context.Context, context.CancelFunc) {
	limited, stop := context.WithTimeoutCause(parent, firstFrameWait, fmt.Errorf("%w: none came for %s", errNoCapture, firstFrameWait))
	ctx, cancel := context.WithCancelCause(limited)
	check := func() {
		if status := s.Status(); status.State == video.Disabled {
			cancel(fmt.Errorf("%w: %s", errNoCapture, status.Reason))
		}
	}
	woken := make(chan struct{}, 1)
	wake := func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	}
	changes, err := a.deps.Streams.Changes().Subscribe(topic.SubscribeOptions{Policy: topic.Gap, Wake: wake})
	if err != nil {
		cancel(err)
		return ctx, stop
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var items [16]topic.Item[video.Change]
		for {
			check()
			for {
				if n, err := changes.Fill(items[:]); n == 0 || err != nil {
					break
				}
			}
			select {
			case <-woken:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		stop()
		<-done
		changes.Close()
	}
}

// show writes frames in the form that belongs to their format, beginning with first,
// until ctx is done, the stream ends, the client goes or the format changes.
func show(ctx context.Context, w http.ResponseWriter, v *video.Viewer, first *video.Frame) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	write := writePicture
	if first.FourCC == video.MJPG {
		h.Set("Content-Type", "multipart/x-mixed-replace; boundary="+previewBoundary)
	} else {
		write = writePacket
		h.Set("Content-Type", "application/octet-stream")
		h.Set("X-Encoded-Fourcc", string(first.FourCC))
		h.Set("X-Encoded-Format", previewFormat(first.FourCC))
		h.Set("X-Encoded-Width", uitoa(first.Width))
		h.Set("X-Encoded-Height", uitoa(first.Height))
	}
	control := http.NewResponseController(w)
	begin := true
	for f := first; f.FourCC == first.FourCC; begin = false {
		err := write(w, f, begin)
		if err == nil {
			err = control.Flush()
		}
		if err != nil {
			return // the client has gone
		}
		if f, err = v.Next(ctx); err != nil {
			return
		}
	}
}

// writePicture writes a part of a multipart body with the boundary after it: a browser
// shows a picture when it has seen its end.
func writePicture(w io.Writer, f *video.Frame, begin bool) error {
	head := make([]byte, 0, 160)
	if begin {
		head = append(head, "--"+previewBoundary+"\r\n"...)
	}
	head = append(head, "Content-Type: image/jpeg\r\nContent-Length: "...)
	head = strconv.AppendInt(head, int64(len(f.Data)), 10)
	head = append(head, "\r\nX-Timestamp: "...)
	head = append(head, timestamp(f.Captured)...)
	head = append(head, "\r\n\r\n"...)
	if _, err := w.Write(head); err != nil {
		return err
	}
	if _, err := w.Write(f.Data); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\r\n--"+previewBoundary+"\r\n")
	return err
}

// timestamp returns a time as Unix seconds with milliseconds.
func timestamp(t time.Time) string {
	ms := max(t.UnixMilli(), 0)
	return fmt.Sprintf("%d.%03d", ms/1000, ms%1000)
}

// writePacket writes an access unit with its length in front.
func writePacket(w io.Writer, f *video.Frame, _ bool) error {
	var head [4]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(f.Data)))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(f.Data)
	return err
}

// getFrame answers with one picture as JPEG.
func (a *API) getFrame(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	stopped, cancel := a.untilStop(r.Context())
	defer cancel()
	ctx, done := a.untilFailure(stopped, s)
	defer done()
	f, err := s.Still(ctx)
	if err != nil {
		return noPicture(err)
	}
	writeStill(w, f)
	return nil
}

// writeStill answers with a picture.
func writeStill(w http.ResponseWriter, f *video.Frame) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "image/jpeg")
	h.Set("Content-Length", strconv.Itoa(len(f.Data)))
	h.Set("X-Timestamp", timestamp(f.Captured))
	_, _ = w.Write(f.Data) // the client may have gone
}

// getFormat answers with the format of the frames that viewers get.
func (a *API) getFormat(w http.ResponseWriter, r *http.Request) error {
	s, output, err := a.shownOf(r)
	if err != nil {
		return err
	}
	f, _ := s.Format()
	if output != "" && output != s.Selected() {
		if f, err = formatOf(s, output); err != nil {
			return streamFailure(err)
		}
	}
	code := f.FourCC.Canonical()
	writeJSON(w, http.StatusOK, wire.StreamFormat{FourCC: string(code), Format: previewFormat(code), Width: f.Width, Height: f.Height})
	return nil
}

// formatOf returns the format that an output would have if it were shown. The size of
// what a pipeline makes is not known before.
func formatOf(s *video.Stream, output string) (video.Format, error) {
	for _, o := range s.Outputs() {
		if o.Name != output || !o.Image {
			continue
		}
		shown, _ := s.Format()
		f := video.Format{FourCC: shown.FourCC}
		if output == rawOutput(s) {
			source, _ := s.SourceFormat()
			f.Width, f.Height = source.Width, source.Height
		}
		return f, nil
	}
	return video.Format{}, fmt.Errorf("output %.100q: %w", output, video.ErrNoOutput)
}
