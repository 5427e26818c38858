package video

import (
	"context"
	"slices"
)

// Describe tells what the camera of a stream can do.
func (s *Stream) Describe(ctx context.Context) (Descriptor, error) {
	s.mu.Lock()
	camera := s.camera
	s.mu.Unlock()
	return camera.Describe(ctx)
}

// SetControl changes a control of a stream's camera and keeps the value in the
// configuration, which is written to disk within a second. Errors wrap ErrNotFound,
// ErrNoControl, ErrReadOnly or ErrControlValue, or come from the camera.
func (m *Manager) SetControl(ctx context.Context, id string, control uint32, v Value) error {
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	camera := s.camera
	s.mu.Unlock()
	if err := camera.SetControl(ctx, control, v); err != nil {
		return err
	}
	if v.Kind == KindNone {
		return nil // a button is not pressed again
	}
	s.mu.Lock()
	if s.camera == camera {
		s.cfg.Capture.Controls = withSetting(s.cfg.Capture.Controls, Setting{ID: control, Value: v})
	}
	s.mu.Unlock()
	m.store.soon()
	return nil
}

// withSetting returns a copy of the list with a control's value replaced or added.
func withSetting(list []Setting, to Setting) []Setting {
	list = slices.Clone(list)
	for i := range list {
		if list[i].ID == to.ID {
			list[i] = to
			return list
		}
	}
	if len(list) >= maxSettings {
		return list
	}
	return append(list, to)
}

// Select is [Stream.Select] that is kept in the configuration.
func (m *Manager) Select(id, output string) error {
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	if err := s.Select(output); err != nil {
		return err
	}
	s.mu.Lock()
	s.cfg.ActiveOutput = output
	s.mu.Unlock()
	m.store.soon()
	return nil
}

// CodecInfo is an encoder or decoder that streams can make use of.
type CodecInfo struct {
	Encoder        bool // else a decoder
	FourCC         FourCC
	Name           string // "jpeg", "libx264"
	Implementation string // "image/jpeg", "ffmpeg"
	Input, Output  string // a FourCC, or "raw"
}

// Codecs lists the encoders and decoders there are on this device. It may take as long
// as starting a program.
func (m *Manager) Codecs(ctx context.Context) []CodecInfo {
	const raw = "raw"
	list := []CodecInfo{
		{Encoder: true, FourCC: MJPG, Name: "jpeg", Implementation: "image/jpeg", Input: raw, Output: string(MJPG)},
		{FourCC: MJPG, Name: "jpeg", Implementation: "image/jpeg", Input: string(MJPG), Output: raw},
	}
	t := m.opts.Transcoder
	if t == nil || t.Available() != nil {
		return list
	}
	for _, f := range t.Encoders(ctx) {
		list = append(list, CodecInfo{Encoder: true, FourCC: f, Name: t.Name(f), Implementation: "ffmpeg", Input: string(MJPG), Output: string(f)})
	}
	for _, f := range []FourCC{H264, HEVC} {
		list = append(list, CodecInfo{FourCC: f, Name: "ffmpeg", Implementation: "ffmpeg", Input: string(f), Output: raw})
	}
	return list
}
