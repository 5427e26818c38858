package streams

import (
	"bytes"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/testkit/cameras"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// verb is a verb of the command line as the client of a server.
func verb(t *testing.T, d *device.Device, args ...string) *exec.Cmd {
	t.Helper()
	path, err := device.Binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "HELIOGRAPH_SERVER="+d.URL)
	return cmd
}

// output runs a verb that must succeed and say nothing but its result.
func output(t *testing.T, d *device.Device, args ...string) []byte {
	t.Helper()
	var errs bytes.Buffer
	cmd := verb(t, d, args...)
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, errs.String())
	}
	return out
}

// The way of a stream through the command line: create, list, a still, files, delete.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := strings.TrimSpace(string(output(t, d, "streams", "create", "--test", "--name", "pattern", "--size", "320x240", "--fps", "30")))
	if s := info(d, id); s.Manifest.Identity.Alias != "pattern" || s.Manifest.Capture.Mode.Format.Resolution.Width != 320 {
		t.Fatalf("created %+v", s.Manifest)
	}
	if list := string(output(t, d, "streams")); !strings.Contains(list, id) || !strings.Contains(list, "test pattern") || !strings.Contains(list, "320x240 30 fps") {
		t.Errorf("list: %s", list)
	}
	still := output(t, d, "frames", "pattern", "--count", "1")
	if w, h := size(t, still); w != 320 || h != 240 {
		t.Errorf("a picture of %dx%d", w, h)
	}
	dir := t.TempDir()
	output(t, d, "frames", id, "--dir", dir, "--count", "3")
	last := uint32(0)
	for _, name := range []string{"000001.jpg", "000002.jpg", "000003.jpg"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		n := number(t, data)
		if n <= last {
			t.Errorf("%s shows %d after %d", name, n, last)
		}
		last = n
	}
	output(t, d, "streams", "delete", "pattern")
	if list := strings.TrimSpace(string(output(t, d, "streams", "--json"))); list != "" {
		t.Errorf("after delete: %s", list)
	}
	if err := verb(t, d, "frames", "pattern").Run(); err == nil || err.(*exec.ExitError).ExitCode() != 5 {
		t.Errorf("frames of no stream: %v", err)
	}
}

// A reader that goes away is a success; one that reads slowly gets whole pictures, the
// newest ones, and is told how many were dropped.
func TestFramesIntoAPipe(t *testing.T) {
	t.Parallel()
	d := start(t)
	create(t, d, camera{width: 640, height: 480, fps: 60})
	name := "pattern 640x480"
	cmd := verb(t, d, "frames", name)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	if err := cmd.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("the reader has gone: %v: %s", err, errs.String())
	}

	errs.Reset()
	cmd = verb(t, d, "frames", name, "--for", "3s")
	cmd.Stderr = &errs
	if out, err = cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	device.Poll(t, "two seconds without reading", func() bool { return time.Since(begin) > 2*time.Second })
	all, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(errs.String(), "frames dropped so far") {
		t.Errorf("a slow reader: %v: %q", err, errs.String())
	}
	last := uint32(0)
	for rest := bytes.NewReader(all); rest.Len() > 0; {
		begin := len(all) - rest.Len()
		if _, err := jpeg.Decode(rest); err != nil {
			t.Fatalf("at byte %d of %d: %v", begin, len(all), err)
		}
		// The decoder reads ahead; the next picture begins where this one ends.
		end := begin + 2 + bytes.Index(all[begin:], []byte{0xff, 0xd9})
		if n := number(t, all[begin:end]); n <= last {
			t.Errorf("picture %d after %d", n, last)
		} else {
			last = n
		}
		rest.Reset(all[end:])
		all = all[end:]
	}
}

// H264 from the command line begins with a key frame and can be decoded.
func TestFramesOfH264(t *testing.T) {
	t.Parallel()
	cameras.NeedFFmpeg(t)
	d := start(t)
	output(t, d, "streams", "create", "--test", "--name", "coded", "--size", "320x240", "--fps", "15", "--h264")
	coded := output(t, d, "frames", "coded", "--count", "10")
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "h264", "-i", "-", "-f", "framemd5", "-")
	cmd.Stdin = bytes.NewReader(coded)
	sums, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(sums), "\n0,"); n != 10 {
		t.Errorf("%d pictures of ten:\n%s", n, sums)
	}
}
