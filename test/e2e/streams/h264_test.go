package streams

import (
	"bytes"
	"context"
	"image"
	"os/exec"
	"testing"

	"github.com/heliograph/heliograph/internal/source/video/testpattern"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// unitTypes lists the types of the NAL units of an access unit in Annex B form.
func unitTypes(t *testing.T, data []byte) (types []byte) {
	t.Helper()
	if !bytes.HasPrefix(data, []byte{0, 0, 1}) && !bytes.HasPrefix(data, []byte{0, 0, 0, 1}) {
		t.Fatalf("a frame of %d bytes does not begin with a start code: % x", len(data), data[:min(8, len(data))])
	}
	for i := 0; i+3 < len(data); i++ {
		if data[i] == 0 && data[i+1] == 0 && data[i+2] == 1 {
			types = append(types, data[i+3]&31)
		}
	}
	return types
}

// isKey tells whether an access unit has parameter sets and, behind them, a key frame.
func isKey(t *testing.T, data []byte) bool {
	t.Helper()
	types := unitTypes(t, data)
	at := func(kind byte) int { return bytes.IndexByte(types, kind) }
	const slice, sps, pps = 5, 7, 8
	return at(slice) >= 0 && at(sps) >= 0 && at(pps) >= 0 && at(sps) < at(slice) && at(pps) < at(slice)
}

// decodeH264 decodes access units with ffmpeg and reads the numbers in the pictures.
func decodeH264(t *testing.T, units [][]byte, width, height int) (numbers []uint32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), device.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-f", "h264", "-i", "-", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
	cmd.Stdin = bytes.NewReader(bytes.Join(units, nil))
	var faults bytes.Buffer
	cmd.Stderr = &faults
	raw, err := cmd.Output()
	if err != nil || faults.Len() > 0 {
		t.Errorf("ffmpeg: %v\n%s", err, faults.String())
	}
	for size := width * height; len(raw) >= size; raw = raw[size:] {
		img := &image.Gray{Pix: raw[:size], Stride: width, Rect: image.Rect(0, 0, width, height)}
		n, ok := testpattern.ReadBar(img)
		if !ok {
			t.Errorf("decoded picture %d has no bar", len(numbers))
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// needFFmpeg skips a test where ffmpeg is not installed.
func needFFmpeg(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(err)
	}
}

// 3.11: H264 is one access unit per message, and what comes first begins with the
// parameter sets and a key frame, also for a viewer that comes in the middle. What a
// viewer gets can be decoded, and the numbers rise by one.
func TestH264BeginsWithAKeyFrame(t *testing.T) {
	t.Parallel()
	needFFmpeg(t)
	d := start(t)
	id := create(t, d, camera{more: object{"encoder": h264(15)}})
	for i, frames := range []int{40, 8, 40} {
		s := d.Dial(socket(id, "frames"))
		wantFormat(t, s, "H264", 320, 240)
		var units [][]byte
		for range frames {
			units = append(units, frame(t, s).Data)
		}
		if !isKey(t, units[0]) {
			t.Fatalf("viewer %d begins with units of the types %v", i, unitTypes(t, units[0]))
		}
		numbers := decodeH264(t, units, 320, 240)
		if len(numbers) != frames {
			t.Fatalf("viewer %d: %d pictures of %d messages", i, len(numbers), frames)
		}
		for k := 1; k < frames; k++ {
			if numbers[k] <= numbers[k-1] {
				t.Fatalf("viewer %d: picture %d comes after %d", i, numbers[k], numbers[k-1])
			}
		}
		t.Logf("viewer %d: pictures %d to %d in %d messages", i, numbers[0], numbers[frames-1], frames)
	}
}

// 3.11: after frames were dropped for a slow viewer it goes on at a key frame.
func TestH264GoesOnAtAKeyFrame(t *testing.T) {
	t.Parallel()
	needFFmpeg(t)
	d := start(t)
	id := create(t, d, camera{more: object{"encoder": h264(10)}})
	fast := d.Dial(socket(id, "frames"))
	fast.Expect("format")
	slow := d.DialWith(socket(id, "frames"), device.DialOptions{Manual: true})
	if m, err := slow.Read(t.Context()); err != nil || m.Type() != "format" {
		t.Fatalf("%.200s %v", m.Data, err)
	}
	position := map[string]int{}
	record := func() { position[string(frame(t, fast).Data)] = len(position) + 1 }
	var units [][]byte
	last, gaps := 0, 0
	for range 30 {
		for range 12 {
			record()
		}
		m, err := slow.Read(t.Context())
		if err != nil || !m.Binary {
			t.Fatalf("%.200s %v", m.Data, err)
		}
		for position[string(m.Data)] == 0 && last > 0 {
			record()
		}
		now := position[string(m.Data)] // 0 for those from before the fast one began
		if last > 0 && now != last+1 {
			gaps++
			if now < last || !isKey(t, m.Data) {
				t.Errorf("frame %d comes after %d, with units of the types %v", now, last, unitTypes(t, m.Data))
			}
		}
		last = now
		units = append(units, m.Data)
	}
	if gaps < 3 {
		t.Errorf("a viewer of every twelfth frame has had %d gaps", gaps)
	}
	numbers := decodeH264(t, units, 320, 240)
	for k := 1; k < len(numbers); k++ {
		if numbers[k] <= numbers[k-1] {
			t.Errorf("picture %d comes after %d", numbers[k], numbers[k-1])
		}
	}
	if len(numbers) != len(units) {
		t.Errorf("%d pictures of %d messages", len(numbers), len(units))
	}
}
