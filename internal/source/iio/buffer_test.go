package iio_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

// buffered adds what a device with a buffer and a data-ready trigger has.
func buffered(files faketree.Files) faketree.Files {
	files = with(files, faketree.Files{
		"buffer/enable": "0\n", "buffer/length": "2\n", "trigger/current_trigger": "\n", "current_timestamp_clock": "realtime\n",
		"scan_elements/in_timestamp_en": "0\n", "scan_elements/in_timestamp_index": "7\n", "scan_elements/in_timestamp_type": "le:s64/64>>0\n",
		"scan_elements/in_temp_en": "1\n", "scan_elements/in_temp_index": "3\n", "scan_elements/in_temp_type": "be:s16/16>>0\n",
	})
	for i, name := range []string{"in_accel_x", "in_accel_y", "in_accel_z", "", "in_anglvel_x", "in_anglvel_y", "in_anglvel_z"} {
		if name != "" {
			files["scan_elements/"+name+"_en"] = "0\n"
			files["scan_elements/"+name+"_index"] = string(rune('0'+i)) + "\n"
			files["scan_elements/"+name+"_type"] = "be:s16/16>>0\n"
		}
	}
	return files
}

// trigger is the device's own, besides that of another chip of the kind.
func trigger() faketree.Tree {
	return faketree.Tree{Files: faketree.Files{
		"sys/bus/iio/devices/trigger0/name": "mpu6050-dev1\n",
		"sys/bus/iio/devices/trigger1/name": "mpu6050-dev0\n",
	}}
}

// node puts a FIFO where the character device of a real one is, and returns its
// writing end.
func node(t *testing.T, tree *faketree.FS) *os.File {
	t.Helper()
	path := filepath.Join(tree.Root, "dev/iio:device0")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// scanBytes makes a scan of accelerometer, gyroscope and time stamp: six words of
// two bytes, four of padding, the stamp.
func scanBytes(values [6]int16, stamp int64) []byte {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint16(b, uint16(v))
	}
	b = append(b, 0xaa, 0xaa, 0xaa, 0xaa)
	return binary.LittleEndian.AppendUint64(b, uint64(stamp))
}

func openBuffered(t *testing.T) (*faketree.FS, *os.File, iio.Unit) {
	t.Helper()
	tree := faketree.Build(t, chip(0, onI2C, buffered(sixAxis())).Plus(trigger()))
	pipe := node(t, tree)
	u, err := iio.Hardware(tree.Root, nil)(50 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	return tree, pipe, u
}

func TestBufferIsSetUpReadAndSwitchedOff(t *testing.T) {
	tree, pipe, u := openBuffered(t)
	dir := folder(0, onI2C)
	for name, want := range map[string]string{
		"buffer/enable": "1", "trigger/current_trigger": "mpu6050-dev0", "current_timestamp_clock": "monotonic",
		"scan_elements/in_accel_x_en": "1", "scan_elements/in_anglvel_z_en": "1", "scan_elements/in_timestamp_en": "1",
		"scan_elements/in_temp_en": "0", "sampling_frequency": "100",
	} {
		if got := content(t, tree, dir+name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got, err := u.Read(); err != nil || len(got) != 0 {
		t.Fatalf("before a sample: %v, %v", got, err)
	}
	first := scanBytes([6]int16{16384, -8192, 1, 100, -100, 300}, 1_000_000_000)
	second := scanBytes([6]int16{0, 0, 16384, 0, 0, 0}, 1_010_000_000)
	third := scanBytes([6]int16{0, 0, -16384, 0, 0, 0}, 1_025_000_000)
	pipe.Write(append(append([]byte{}, first...), second[:7]...)) // a scan and a part of one
	got, err := u.Read()
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	const g, dps = 0.000598 / 9.80665, 0.001064724 * 57.29577951308232
	nearVec(t, "accel", got[0].Accel, vec(16384*g, 8192*g, g), 1e-9)
	nearVec(t, "gyro", got[0].Gyro, vec(-100*dps, -100*dps, -300*dps), 1e-9)
	near(t, "dt", got[0].Dt, 0, 0)
	pipe.Write(append(append([]byte{}, second[7:]...), third...))
	if got, err = u.Read(); err != nil || len(got) != 2 {
		t.Fatal(got, err)
	}
	near(t, "dt", got[0].Dt, 0.010, 1e-12)
	near(t, "dt", got[1].Dt, 0.015, 1e-12)
	near(t, "down", got[1].Accel.Z, -0.9991, 0.001)
	u.Close()
	if got := content(t, tree, dir+"buffer/enable"); got != "0" {
		t.Errorf("buffer after the end: %q", got)
	}
}

func TestPollingWhereTheBufferCannotBeHad(t *testing.T) {
	for name, change := range map[string]faketree.Files{
		"in use":            {"buffer/enable": "1\n"},
		"no trigger":        {"name": "other\n"},
		"malformed type":    {"scan_elements/in_accel_x_type": "be:s16\n"},
		"malformed index":   {"scan_elements/in_accel_x_index": "-1\n"},
		"no node":           nil,
		"an axis not in it": {"scan_elements/in_accel_x_en": "", "scan_elements/in_accel_y_type": ""},
	} {
		t.Run(name, func(t *testing.T) {
			tree := faketree.Build(t, chip(0, onI2C, with(buffered(sixAxis()), change)).Plus(trigger()))
			if change != nil {
				node(t, tree)
			}
			u, err := iio.Hardware(tree.Root, nil)(50 * time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			defer u.Close()
			got, err := u.Read()
			if err != nil || len(got) != 1 || got[0].Gyro == nil {
				t.Fatal(got, err)
			}
			near(t, "up", got[0].Accel.Z, 1, 0.01)
			if state := content(t, tree, folder(0, onI2C)+"buffer/enable"); name != "in use" && state != "0" {
				t.Errorf("buffer was left %q", state)
			}
		})
	}
}

func TestSilentBufferIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree, pipe, u := openBuffered(t)
		pipe.Write(scanBytes([6]int16{0, 0, 16384}, 5))
		if got, err := u.Read(); err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		time.Sleep(1900 * time.Millisecond)
		if got, err := u.Read(); err != nil || len(got) != 0 {
			t.Fatal(got, err)
		}
		time.Sleep(200 * time.Millisecond)
		got, err := u.Read()
		if err != nil || len(got) != 1 {
			t.Fatal(got, err)
		}
		near(t, "polled", got[0].Gyro.Z, -0.488, 0.001)
		if state := content(t, tree, folder(0, onI2C)+"buffer/enable"); state != "0" {
			t.Errorf("buffer was left %q", state)
		}
	})
}

// The filter gets every scan between two statuses, with the time between them.
func TestStatusesFromABuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, chip(0, onI2C, buffered(sixAxis())).Plus(trigger()))
		pipe := node(t, b.tree)
		sub := subscribe(t, b.IMU)
		synctest.Wait()
		// A turn of 90 degrees to the left in 1 s: 100 scans, five per status.
		const raw = int16(1475) // 90 deg/s
		stamp := int64(1e9)
		var s iio.Status
		for range 20 {
			for range 5 {
				pipe.Write(scanBytes([6]int16{0, 0, 16384, 0, 0, raw}, stamp))
				stamp += 10e6
			}
			s = await(t, sub, anySample)
		}
		near(t, "dt", s.Dt, 0.05, 1e-9)
		near(t, "yaw", s.Attitude.Yaw, -89.1, 0.5) // 99 steps
	})
}
