package helios

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
)

const (
	// codecsFresh is how long the list of codecs is believed: a program may be installed.
	codecsFresh = 5 * time.Minute
	// probeFresh is how long the list of cameras is believed: looking opens each of them.
	probeFresh = 2 * time.Second
	// probeWait bounds how long cameras are looked for.
	probeWait = 5 * time.Second
)

// remembered keeps what is slow to find out for those who ask at about the same time.
type remembered[T any] struct {
	mu    sync.Mutex
	value T
	at    time.Time
}

// get returns the value, which find makes if it is older than fresh. One caller at a
// time looks; ctx bounds only its own looking.
func (r *remembered[T]) get(ctx context.Context, fresh time.Duration, find func(context.Context) T) T {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() || time.Since(r.at) >= fresh {
		value := find(ctx)
		if ctx.Err() != nil {
			return value // it may not be complete
		}
		r.value, r.at = value, time.Now()
	}
	return r.value
}

func (a *API) streamInfoRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/streams/capabilities", a.view(a.getCapabilities))
	mux.Handle("GET /v1/streams/codecs", a.view(a.getCodecs))
	mux.Handle("GET /v1/streams/backends", a.view(a.getBackends))
	mux.Handle("POST /v1/streams/{id}/recording/start", a.control(a.noRecording))
	mux.Handle("POST /v1/streams/{id}/recording/stop", a.control(a.noRecording))
	mux.Handle("GET /v1/streams/{id}/controls", a.view(a.getControls))
	mux.Handle("POST /v1/streams/{id}/controls/{control_id}", a.control(a.setControl))
}

// noRecording tells that streams are not recorded.
func (a *API) noRecording(_ http.ResponseWriter, r *http.Request) error {
	if _, err := a.streamOf(r); err != nil {
		return err
	}
	return &engineError{status: http.StatusNotImplemented, code: wire.EngineUnimplemented, text: "streams are not recorded here"}
}

// codecs lists the encoders and decoders.
func (a *API) codecs(ctx context.Context) []wire.CodecInfo {
	list := a.codecList.get(ctx, codecsFresh, a.deps.Streams.Codecs)
	out := make([]wire.CodecInfo, 0, len(list))
	for _, c := range list {
		w := wire.CodecInfo{
			Kind: "Decoder", FourCC: string(c.FourCC), Name: c.Name, Implementation: c.Implementation, Input: c.Input, Output: c.Output,
		}
		if c.Encoder {
			w.Kind, w.Tunables = "Encoder", tunables(c.FourCC)
		}
		out = append(out, w)
	}
	return out
}

// tunables names the settings of an encoder, in the words of the manifest.
func tunables(f video.FourCC) any {
	if f == video.MJPG {
		return []string{"quality"}
	}
	return []string{"bitrate", "framerate", "gop", "output_resolution", "thread_count"}
}

func (a *API) getCodecs(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, a.codecs(r.Context()))
	return nil
}

// capabilities tells what streams can and cannot do here.
func (a *API) capabilities(ctx context.Context) map[string]any {
	kinds := []string{}
	for _, c := range a.codecList.get(ctx, codecsFresh, a.deps.Streams.Codecs) {
		if !c.Encoder {
			continue
		}
		switch c.FourCC {
		case video.MJPG:
			kinds = append(kinds, kindTurboJPEG, kindMozJPEG, kindFFmpegMJPEG)
		case video.H264:
			kinds = append(kinds, kindFFmpegH264)
		case video.HEVC:
			kinds = append(kinds, kindFFmpegH265)
		}
	}
	return map[string]any{
		"backends": []string{wire.BackendV4l2, wire.BackendVirtual, wire.BackendNetcam, wire.BackendFile},
		"encoders": kinds, "preview_formats": []string{"mjpeg", "h264", "h265"},
		"recording": false, "calibration": false, "max_previews": maxPreviews,
	}
}

func (a *API) getCapabilities(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, a.capabilities(r.Context()))
	return nil
}

// found is what looking for cameras gave.
type found struct {
	devices []video.Device
	errors  []string // never null
}

// cameras lists what can be captured from, with or without what is part of the server.
func (a *API) cameras(ctx context.Context, builtin bool) ([]wire.ProbedDevice, []string) {
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	f := a.probed.get(ctx, probeFresh, func(ctx context.Context) found {
		devices, errs := a.deps.Streams.Probe(ctx)
		f := found{devices: devices, errors: []string{}}
		for _, err := range errs {
			f.errors = append(f.errors, err.Error())
		}
		return f
	})
	list := []wire.ProbedDevice{}
	for _, d := range f.devices {
		if builtin || !d.Builtin {
			list = append(list, probedDevice(d))
		}
	}
	return list, f.errors
}

func (a *API) getBackends(w http.ResponseWriter, r *http.Request) error {
	list, _ := a.cameras(r.Context(), true)
	writeJSON(w, http.StatusOK, list)
	return nil
}

// probedDevice returns a camera in wire form.
func probedDevice(d video.Device) wire.ProbedDevice {
	handle := backendHandle(d.Capture)
	b := wire.ProbedBackend{
		Kind: handleKind(handle), Handle: handle, Descriptor: captureDescriptor(d.Descriptor), Properties: d.Properties,
	}
	if b.Properties == nil {
		b.Properties = [][2]string{}
	}
	keys := d.Keys
	if keys == nil {
		keys = []string{}
	}
	return wire.ProbedDevice{Identity: wire.ProbedIdentity{Display: d.Display, Keys: keys}, Backends: []wire.ProbedBackend{b}}
}

func (a *API) getControls(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), describeWait)
	defer cancel()
	d, err := s.Describe(ctx)
	if err != nil {
		return streamFailure(err)
	}
	writeJSON(w, http.StatusOK, controlMetas(d.Controls))
	return nil
}

// setControl changes a control; the body is a value in one of its two spellings.
func (a *API) setControl(w http.ResponseWriter, r *http.Request) error {
	s, err := a.streamOf(r)
	if err != nil {
		return err
	}
	id, err := strconv.ParseUint(r.PathValue("control_id"), 10, 32)
	if err != nil {
		return badInput("the control id: %q is not a number of 32 bits", r.PathValue("control_id"))
	}
	v := wire.ControlValue{Kind: "missing"}
	if err := readBody(r, &v); err != nil {
		return err
	}
	if v.Kind == "missing" {
		return badInput("the body is empty")
	}
	if err := a.deps.Streams.SetControl(r.Context(), s.ID(), uint32(id), videoValue(v)); err != nil {
		return streamFailure(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// summaryStreams is what GET /v1 tells of streams. The revision is that of their list.
func (a *API) summaryStreams(ctx context.Context) (wire.SummaryStreams, error) {
	list := a.streamInfos(ctx)
	data, err := json.Marshal(list)
	if err != nil {
		return wire.SummaryStreams{}, err
	}
	resolved := make([]wire.ResolvedStreamConfig, 0, len(list))
	for _, s := range shownTo(ctx, list) {
		resolved = append(resolved, s.Resolved)
	}
	return wire.SummaryStreams{
		Capabilities: a.capabilities(ctx), Codecs: a.codecs(ctx), ResolvedStreams: resolved,
		Revision: a.revisions.number("/v1/streams", data),
	}, nil
}
