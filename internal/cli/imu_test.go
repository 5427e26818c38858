package cli

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/cli/fakehelios"
)

const imuStatus = `{"has_sample":true,"fusion":"madgwick","range":"zero_to_360","update_interval_ms":20,"orientation":{"roll":1.25,"pitch":-2.5,"yaw":87},` +
	`"linear_accel":{"x":0.1,"y":0,"z":-0.2},"angular_speed_dps":12.5,"is_moving":true,"sources":{"accel_gyro":"imu\u001b[2J"}}`

func TestIMU(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/imu", func(c *fakehelios.Conn) {
		c.Send(`{"has_sample":false,"last_error":"no IMU was detected"}`, imuStatus, imuStatus)
		c.Wait()
	})
	r := run(t, s, "imu", "--count", "2")
	r.want(t, ExitOK)
	for _, part := range []string{"no IMU was detected", "roll    1.2° pitch   -2.5° yaw   87.0°", "0.10  0.00 -0.20 g", "12.5°/s", "moving", "imu\ufffd[2J"} {
		if !strings.Contains(r.out, part) {
			t.Errorf("%q lacks %q", r.out, part)
		}
	}
	if o := lines(t, run(t, s, "imu", "-n", "3", "--json").out); len(o) != 3 || o[0]["has_sample"] != false || o[2]["range"] != "zero_to_360" {
		t.Errorf("got %v", o)
	}
	if r := run(t, s, "imu", "--for", "100ms"); r.code != ExitOK || strings.Count(r.out, "\n") != 3 {
		t.Errorf("got %d, %q", r.code, r.out)
	}
}

func TestIMULost(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/imu", func(c *fakehelios.Conn) {
		c.Send(`{"status":"imu_stream_unavailable","reason":"sensor stream closed","code":null,"operation":"stream"}`)
	})
	run(t, s, "imu").want(t, ExitFailure, "sensor stream closed")
}

func TestIMUSet(t *testing.T) {
	s := fakehelios.New(t)
	var got map[string]any
	s.HTTP("PATCH /v1/device/imu", func(w http.ResponseWriter, r *http.Request) {
		got = nil
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = w.Write([]byte(imuStatus))
	})
	r := run(t, s, "imu", "set", "--fusion", "ahrs", "--range", "360", "--interval", "20ms", "--axis", "-z", "--lock-position=false", "--snap-gravity", "--reset-pose")
	r.want(t, ExitOK)
	for key, want := range map[string]any{
		"fusion": "ahrs", "range": "360", "update_interval_ms": 20.0, "gravity_reference_axis": "-z", "dr_lock_position": false, "snap_gravity": true, "reset_pose": true,
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	if !strings.Contains(r.out, "fusion madgwick, range zero_to_360, interval 20ms") {
		t.Errorf("got %q", r.out)
	}
	if run(t, s, "imu", "set", "--reset-pose", "--json"); len(got) != 1 {
		t.Errorf("sent %v", got)
	}
	for _, bad := range [][]string{{}, {"--interval", "0s"}, {"--interval", "1500us"}, {"--interval", "-5ms"}, {"x"}} {
		run(t, s, append([]string{"imu", "set"}, bad...)...).want(t, ExitUsage)
	}
	s.HTTP("PATCH /v1/device/imu", func(w http.ResponseWriter, r *http.Request) {
		fakehelios.Fail(w, r, 400, "bad_request", "fusion must be madgwick_no_mag or madgwick")
	})
	run(t, s, "imu", "set", "--fusion", "x").want(t, ExitFailure, "fusion must be")
}
