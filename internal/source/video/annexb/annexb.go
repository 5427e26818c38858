// Package annexb looks into H.264 and HEVC in the byte stream format (ITU-T H.264 and
// H.265, annex B): NAL units that are divided by start codes.
//
// A [Sorter] turns access units as cameras and muxers give them into ones that a viewer
// can start at: those of key frames begin with the parameter sets, whether or not the
// source repeats them, and what holds no picture is not passed on.
package annexb

import (
	"bytes"
	"iter"
)

// Codec says how NAL units are to be read.
type Codec int

// The codecs.
const (
	H264 Codec = iota
	HEVC
)

// NALs returns the NAL units of a byte stream, without start codes and trailing zeros.
// They are parts of data. What comes before the first start code is left out.
func NALs(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		start := next(data, 0)
		for start < len(data) {
			end := next(data, start)
			unit := data[start:end]
			if end < len(data) || bytes.HasSuffix(unit, []byte{0, 0, 1}) {
				unit = bytes.TrimSuffix(unit, []byte{0, 0, 1})
			}
			unit = bytes.TrimRight(unit, "\x00")
			if len(unit) > 0 && !yield(unit) {
				return
			}
			start = end
		}
	}
}

// next returns the offset behind the next start code, len(data) if there is none.
func next(data []byte, from int) int {
	i := bytes.Index(data[from:], []byte{0, 0, 1})
	if i < 0 {
		return len(data)
	}
	return from + i + 3
}

// kind is what a NAL unit is, as far as it matters here.
type kind int

const (
	other kind = iota
	picture
	keyPicture
	parameters
)

// Types of NAL units (H.264 table 7-1, H.265 table 7-1).
const (
	h264Slice, h264IDR, h264SPS, h264PPS, h264SPSExt = 1, 5, 7, 8, 13
	hevcLastPicture, hevcFirstKey, hevcLastKey       = 31, 16, 21
	hevcVPS, hevcSPS, hevcPPS                        = 32, 33, 34
)

// unitType returns the type of a NAL unit.
func unitType(c Codec, unit []byte) int {
	if c == HEVC {
		return int(unit[0] >> 1 & 0x3f)
	}
	return int(unit[0] & 0x1f)
}

func kindOf(c Codec, t int) kind {
	switch {
	case c == H264 && t == h264IDR, c == HEVC && t >= hevcFirstKey && t <= hevcLastKey:
		return keyPicture
	case c == H264 && t >= h264Slice && t < h264IDR, c == HEVC && t <= hevcLastPicture:
		return picture
	case c == H264 && (t == h264SPS || t == h264PPS || t == h264SPSExt), c == HEVC && t >= hevcVPS && t <= hevcPPS:
		return parameters
	}
	return other
}

// maxParameters bounds the parameter sets that are remembered, each by its bytes and
// all by their number: the standards allow 32 + 256 in H.264, in fact it is two or
// three.
const (
	maxParameters    = 64
	maxParameterSize = 4096
)

// Sorter prepares the access units of one stream. Its zero value is ready for H.264. It
// is used by one goroutine.
type Sorter struct {
	Codec Codec

	sets          [][]byte // newest parameter sets, in the order in which they first came
	width, height uint32
}

// Unit is an access unit as a viewer gets it.
type Unit struct {
	Data []byte
	// Key says that decoding can start here; Data begins with the parameter sets.
	Key           bool
	Width, Height uint32 // pixels as shown; 0 before the first parameter sets
}

// Add takes one access unit and returns it as a viewer is to get it. Data is that of
// the input unless parameter sets had to be put in front. ok is false if there is
// nothing to show: no picture, or a key frame whose parameter sets are not known yet.
func (s *Sorter) Add(data []byte) (u Unit, ok bool) {
	var key, shown, early, seen bool
	for unit := range NALs(data) {
		switch kindOf(s.Codec, unitType(s.Codec, unit)) {
		case keyPicture:
			key, shown = true, true
		case picture:
			shown = true
		case parameters:
			early = early || !shown
			seen = true
			s.remember(unit)
		}
	}
	if !shown {
		return Unit{}, false
	}
	u = Unit{Data: data, Key: key, Width: s.width, Height: s.height}
	if key && !(seen && early && s.complete(data)) {
		if !s.complete(nil) {
			return Unit{}, false
		}
		u.Data = s.withParameters(data)
	}
	return u, true
}

// remember keeps a parameter set in place of the one that it replaces.
func (s *Sorter) remember(unit []byte) {
	if len(unit) > maxParameterSize {
		return
	}
	id := s.setID(unit)
	for i, have := range s.sets {
		if s.setID(have) == id {
			if !bytes.Equal(have, unit) {
				s.sets[i] = bytes.Clone(unit)
				s.measure(unit)
			}
			return
		}
	}
	if len(s.sets) < maxParameters {
		s.sets = append(s.sets, bytes.Clone(unit))
		s.measure(unit)
	}
}

// setID tells parameter sets apart: type and number.
func (s *Sorter) setID(unit []byte) [2]uint32 {
	t := unitType(s.Codec, unit)
	return [2]uint32{uint32(t), setNumber(s.Codec, t, unit)}
}

// measure takes the size from a sequence parameter set.
func (s *Sorter) measure(unit []byte) {
	t := unitType(s.Codec, unit)
	var w, h uint32
	var ok bool
	switch {
	case s.Codec == H264 && t == h264SPS:
		w, h, ok = sizeH264(unit)
	case s.Codec == HEVC && t == hevcSPS:
		w, h, ok = sizeHEVC(unit)
	}
	if ok {
		s.width, s.height = w, h
	}
}

// complete tells whether there are all kinds of parameter sets: in an access unit
// or, for nil, remembered.
func (s *Sorter) complete(data []byte) bool {
	var found [64]bool
	note := func(unit []byte) { found[unitType(s.Codec, unit)] = true }
	if data == nil {
		for _, unit := range s.sets {
			note(unit)
		}
	} else {
		for unit := range NALs(data) {
			note(unit)
		}
	}
	if s.Codec == HEVC {
		return found[hevcVPS] && found[hevcSPS] && found[hevcPPS]
	}
	return found[h264SPS] && found[h264PPS]
}

// Types of access unit delimiters, which stay in front of everything.
const (
	h264Delimiter = 9
	hevcDelimiter = 35
)

// withParameters puts the remembered sets in front of an access unit, or behind its
// delimiter if it has one.
func (s *Sorter) withParameters(data []byte) []byte {
	size := len(data)
	for _, unit := range s.sets {
		size += len(unit) + 4
	}
	out := make([]byte, 0, size)
	rest := data
	for unit := range NALs(data) {
		if t := unitType(s.Codec, unit); s.Codec == H264 && t == h264Delimiter || s.Codec == HEVC && t == hevcDelimiter {
			end := bytes.Index(data, unit) + len(unit)
			out, rest = append(out, data[:end]...), data[end:]
		}
		break
	}
	for _, unit := range s.sets {
		out = append(append(out, 0, 0, 0, 1), unit...)
	}
	return append(out, rest...)
}
