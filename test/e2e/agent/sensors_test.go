package agent

import (
	"math"
	"testing"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestSimulatedSensors(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Args: []string{"--simulate", "imu"}})
	available := map[string]bool{}
	for _, s := range get[[]wire.SensorInfo](t, d, "/api/v1/device/sensors") {
		available[s.Name] = s.Available
		if s.Active {
			t.Errorf("%s runs for nobody", s.Name)
		}
	}
	for _, name := range []string{"accelerometer", "gyroscope", "magnetometer", "orientation"} {
		if !available[name] {
			t.Errorf("%s is not available", name)
		}
	}
	// Bounds of the lengths of vectors: gravity with a little motion, a slow swaying, the
	// field of the earth, a unit quaternion.
	for name, bounds := range map[string][2]float64{
		"accelerometer": {0.5, 2}, "gyroscope": {0, 4}, "magnetometer": {20, 80}, "orientation": {0.999, 1.001},
	} {
		s := d.Dial("/ws/v1/device/sensors?throttleMs=0&speed=Game&sensor=" + name)
		s.Expect("subscribed")
		for range 3 {
			values := s.Expect("reading").Map()["data"].(map[string]any)["values"].(map[string]any)
			sum := 0.0
			for _, v := range values {
				sum += v.(float64) * v.(float64)
			}
			want := map[bool]int{true: 4, false: 3}[name == "orientation"]
			if n := math.Sqrt(sum); len(values) != want || n < bounds[0] || n > bounds[1] {
				t.Errorf("%s: %v of length %v", name, values, n)
			}
		}
		_ = s.Close()
	}
	// Gravity is upwards for what rests or sways.
	s := d.Dial("/ws/v1/device/sensors?sensor=accelerometer")
	s.Expect("subscribed")
	if v := s.Expect("reading").Map()["data"].(map[string]any)["values"].(map[string]any); v["z"].(float64) < 0.5 {
		t.Errorf("%v", v)
	}
	if r := d.Post("/api/v1/device/sensors/accelerometer/stop", ""); r.Status != 200 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	s.Expect("stopped")
}

// TestCompassNeedsTheMagnetometer: the fusion is a setting of the device.
func TestCompassNeedsTheMagnetometer(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{Args: []string{"--simulate", "imu"}})
	if r := d.Post("/api/v1/device/sensors/compass/start", ""); r.Status != 501 {
		t.Errorf("without: %d %s", r.Status, r.Body)
	}
	if r := d.Ask("PATCH", "/v1/device/imu", `{"fusion":"madgwick"}`); r.Status != 200 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	s := d.Dial("/ws/v1/device/sensors?sensor=compass")
	s.Expect("subscribed")
	v := s.Expect("reading").Map()["data"].(map[string]any)["values"].(map[string]any)
	if h := v["heading"].(float64); h < 0 || h >= 360 {
		t.Errorf("%v", v)
	}
}

// TestNoSensors is for a machine without any.
func TestNoSensors(t *testing.T) {
	t.Parallel()
	d := device.Start(t, device.Options{})
	for _, s := range get[[]wire.SensorInfo](t, d, "/api/v1/device/sensors") {
		if s.Available {
			t.Skipf("this machine has a sensor: %s", s.Name)
		}
	}
	s := d.Dial("/ws/v1/device/sensors?sensor=accelerometer")
	s.Expect("error")
	if code, _ := s.WaitClose(); code != 1008 {
		t.Errorf("closed with %d", code)
	}
	if r := d.Post("/api/v1/device/sensors/barometer/start", ""); r.Status != 501 {
		t.Errorf("%d %s", r.Status, r.Body)
	}
}
