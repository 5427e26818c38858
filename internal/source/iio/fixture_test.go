package iio_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
	"github.com/heliograph/heliograph/internal/topic"
)

// chip is the folder of an IIO device and what is in it.
func chip(number int, parent string, files faketree.Files) faketree.Tree {
	name := fmt.Sprintf("iio:device%d", number)
	tree := faketree.Tree{
		Files: faketree.Files{},
		Links: faketree.Links{"sys/bus/iio/devices/" + name: "../../../devices/" + parent + "/" + name},
	}
	for file, content := range files {
		tree.Files["sys/devices/"+parent+"/"+name+"/"+file] = content
	}
	return tree
}

// folder is the same folder as a path of the tree.
func folder(number int, parent string) string {
	return fmt.Sprintf("sys/devices/%s/iio:device%d/", parent, number)
}

const onI2C = "platform/soc/i2c-1/1-0068"

// sixAxis is an mpu6050 at rest, level: 1 g up, 0.5 deg/s about the sensor's Z.
func sixAxis() faketree.Files {
	return faketree.Files{
		"name":               "mpu6050\n",
		"in_accel_x_raw":     "0\n",
		"in_accel_y_raw":     "0\n",
		"in_accel_z_raw":     "16384\n",
		"in_accel_scale":     "0.000598\n", // 9.7976 m/s² for 1 g
		"in_anglvel_x_raw":   "0\n",
		"in_anglvel_y_raw":   "0\n",
		"in_anglvel_z_raw":   "8\n",
		"in_anglvel_scale":   "0.001064724\n",
		"in_temp_raw":        "-521\n",
		"in_temp_scale":      "2.941176\n",
		"in_temp_offset":     "12420\n",
		"sampling_frequency": "50\n", "sampling_frequency_available": "10 20 50 100 200 500\n",
		"in_mount_matrix": "1, 0, 0; 0, 1, 0; 0, 0, 1\n",
	}
}

func with(files faketree.Files, more faketree.Files) faketree.Files {
	files = maps.Clone(files)
	maps.Copy(files, more)
	return files
}

// magnetometer measures north ahead and down.
func magnetometer() faketree.Files {
	return faketree.Files{
		"name": "hmc5883l\n", "in_magn_x_raw": "200\n", "in_magn_y_raw": "0\n", "in_magn_z_raw": "-440\n", "in_magn_scale": "0.001\n",
	}
}

// memory is a store that forgets at the end of the test.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	fail  error
}

func newMemory() *memory { return &memory{files: map[string][]byte{}} }

func (m *memory) Read(name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.files[name]
	if !ok {
		return nil, fmt.Errorf("read: %w", fs.ErrNotExist)
	}
	return data, nil
}

func (m *memory) Write(name string, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.files[name] = data
	return nil
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

func nearVec(t *testing.T, what string, got *fusion.Vec3, want fusion.Vec3, tolerance float64) {
	t.Helper()
	if got == nil || !(got.Sub(want).Norm() <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

// subscribe follows the statuses for the length of the test.
func subscribe(t *testing.T, m *iio.IMU) *topic.Subscription[iio.Status] {
	t.Helper()
	sub, err := m.Topic().Subscribe(topic.SubscribeOptions{Replay: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sub.Close)
	return sub
}

// await returns the first status that ok likes.
func await(t *testing.T, sub *topic.Subscription[iio.Status], ok func(iio.Status) bool) iio.Status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var last iio.Status
	for {
		item, err := sub.Next(ctx)
		if err != nil {
			t.Fatalf("%v; last status %+v", err, last)
		}
		if last = item.Event.Value; ok(last) {
			return last
		}
	}
}

func anySample(s iio.Status) bool { return s.HasSample }

// mustBe fails the test unless err is want.
func mustBe(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error %v, want %v", err, want)
	}
}
