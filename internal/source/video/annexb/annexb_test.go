package annexb

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"testing"
)

func TestNALs(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"no start code", nil},
		{"\x00\x00\x01", nil},
		{"\x00\x00\x01a", []string{"a"}},
		{"\x00\x00\x00\x01a\x00\x00\x01b\x00\x00\x00\x01c", []string{"a", "b", "c"}},
		{"rubbish\x00\x00\x01ab\x00\x00\x00\x00\x00\x01c\x00\x00", []string{"ab", "c"}},
		{"\x00\x00\x01\x00\x00\x01a\x00\x00\x01", []string{"a"}},
		{"\x00\x00\x01a\x00\x00b\x00\x00\x03\x01", []string{"a\x00\x00b\x00\x00\x03\x01"}},
	} {
		var got []string
		for unit := range NALs([]byte(test.in)) {
			got = append(got, string(unit))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.in, got, test.want)
		}
	}
}

// unit returns a NAL unit with a start code.
func unit(first byte, rest string) string { return "\x00\x00\x00\x01" + string(first) + rest }

// add gives an access unit to a sorter.
func add(s *Sorter, units ...string) (Unit, bool) {
	var all []byte
	for _, u := range units {
		all = append(all, u...)
	}
	return s.Add(all)
}

func TestSorter(t *testing.T) {
	sps, pps := unit(0x67, "\x42\x00\x1e\x95"), unit(0x68, "\x80a")
	idr, slice, delimiter := unit(0x65, "key"), unit(0x41, "delta"), unit(0x09, "\xf0")
	var s Sorter
	if _, ok := add(&s, idr); ok {
		t.Error("a key frame is shown without parameter sets")
	}
	if u, ok := add(&s, slice); !ok || u.Key || string(u.Data) != slice {
		t.Errorf("a frame that is no key frame: %+v, %v", u, ok)
	}
	if _, ok := add(&s, sps, pps); ok {
		t.Error("parameter sets alone are shown")
	}
	want := sps + pps + idr
	if u, ok := add(&s, idr); !ok || !u.Key || string(u.Data) != want {
		t.Errorf("the sets are not put in front: %q", u.Data)
	}
	if u, _ := add(&s, sps, pps, idr); !u.Key || string(u.Data) != want {
		t.Errorf("a complete key frame is changed: %q", u.Data)
	}
	if u, _ := add(&s, delimiter, idr); string(u.Data) != delimiter+want {
		t.Errorf("the delimiter is not first: %q", u.Data)
	}
	if u, _ := add(&s, unit(0x67, "\x42\x00\x1e\x96"), idr); string(u.Data) != unit(0x67, "\x42\x00\x1e\x96")+pps+unit(0x67, "\x42\x00\x1e\x96")+idr {
		t.Errorf("a key frame with only one new set: %q", u.Data)
	}
	if len(s.sets) != 2 {
		t.Errorf("%d sets are remembered, want 2", len(s.sets))
	}
}

// TestSorterIsBounded sends more parameter sets than there may be.
func TestSorterIsBounded(t *testing.T) {
	var s Sorter
	for i := range 255 {
		add(&s, unit(0x68, string([]byte{byte(i + 1), 0x80, byte(i)})))
	}
	add(&s, unit(0x67, string(make([]byte, 5000))+"x"))
	if len(s.sets) > maxParameters {
		t.Errorf("%d sets are remembered", len(s.sets))
	}
}

// encode makes a stream with the real encoder.
func encode(t testing.TB, codec, size, format string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	all := append([]string{"-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc=rate=10:size=" + size, "-frames:v", "2", "-c:v", codec}, args...)
	out, err := exec.CommandContext(t.Context(), "ffmpeg", append(all, "-f", format, "-")...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSizeOfRealStreams reads what libx264 and libx265 write, in sizes that need
// cropping and with chroma of all kinds.
func TestSizeOfRealStreams(t *testing.T) {
	for _, test := range []struct {
		codec, format, size string
		args                []string
		w, h                uint32
	}{
		{"libx264", "h264", "320x240", []string{"-profile:v", "baseline", "-pix_fmt", "yuv420p"}, 320, 240},
		{"libx264", "h264", "1920x1080", []string{"-preset", "ultrafast", "-pix_fmt", "yuv420p"}, 1920, 1080},
		{"libx264", "h264", "326x182", []string{"-profile:v", "high", "-pix_fmt", "yuv420p"}, 326, 182},
		{"libx264", "h264", "330x186", []string{"-pix_fmt", "yuv422p"}, 330, 186},
		{"libx264", "h264", "331x187", []string{"-pix_fmt", "yuv444p"}, 331, 187},
		{"libx264", "h264", "352x288", []string{"-pix_fmt", "yuv420p", "-flags", "+ilme+ildct", "-x264-params", "interlaced=1:cqm=jvt"}, 352, 288},
		{"libx265", "hevc", "326x182", []string{"-pix_fmt", "yuv420p", "-x265-params", "log-level=none"}, 326, 182},
		{"libx265", "hevc", "640x360", []string{"-pix_fmt", "yuv444p", "-x265-params", "log-level=none"}, 640, 360},
	} {
		data := encode(t, test.codec, test.size, test.format, test.args...)
		s := Sorter{}
		if test.format == "hevc" {
			s.Codec = HEVC
		}
		u, ok := s.Add(data)
		if !ok || !u.Key || u.Width != test.w || u.Height != test.h {
			t.Errorf("%s %v: %d x %d, key %v, %v", test.codec, test.args, u.Width, u.Height, u.Key, ok)
		}
		if !bytes.Equal(u.Data, data) {
			t.Errorf("%s: a stream that begins with its sets is changed", test.codec)
		}
	}
}

func FuzzSorter(f *testing.F) {
	f.Add([]byte(unit(0x67, "\x42\x00\x1e\x95")+unit(0x68, "\x80a")+unit(0x65, "key")), false)
	f.Add([]byte(unit(0x40, "\x01\x0c")+unit(0x42, "\x01\x01\x01\x60")+unit(0x44, "\x01\xc1")+unit(0x26, "\x01")), true)
	f.Add(encode(f, "libx264", "64x64", "h264", "-pix_fmt", "yuv444p")[:400], false)
	f.Fuzz(func(t *testing.T, data []byte, hevc bool) {
		s := Sorter{}
		if hevc {
			s.Codec = HEVC
		}
		for range 2 {
			u, ok := s.Add(data)
			if !ok {
				continue
			}
			if u.Width > maxSide || u.Height > maxSide || len(u.Data) < len(data) {
				t.Fatalf("%d x %d, %d bytes of %d", u.Width, u.Height, len(u.Data), len(data))
			}
			if u.Key && !s.complete(u.Data) {
				t.Fatal("a key frame without parameter sets")
			}
		}
	})
}
