package iio_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestFind(t *testing.T) {
	tree := faketree.Build(t, chip(0, onI2C, sixAxis()).
		Plus(chip(1, "platform/soc/spi0.1", with(magnetometer(), faketree.Files{"label": "outside\n"}))).
		Plus(faketree.Tree{Files: faketree.Files{"sys/bus/iio/devices/trigger0/name": "mpu6050-dev0\n"}}))
	devices, err := iio.Find(tree.Root)
	if err != nil || len(devices) != 2 {
		t.Fatal(devices, err)
	}
	d := devices[0]
	if d.String() != "mpu6050 on i2c-1" || d.Bus != "i2c-1" || d.Address != "0x68" || len(d.Channels) != 7 {
		t.Errorf("%s: %+v", d, d)
	}
	if s := devices[1].String(); s != "hmc5883l (outside) on spi0" {
		t.Error(s)
	}
	_, err = iio.Find(t.TempDir())
	mustBe(t, err, topic.ErrNotPresent)
	_, err = iio.Hardware(faketree.Build(t, chip(0, onI2C, faketree.Files{"name": "adc\n", "in_voltage0_raw": "1\n"})).Root, nil)(time.Second)
	mustBe(t, err, topic.ErrNotPresent)
}

// readOnce opens the unit of a tree and reads it once.
func readOnce(t *testing.T, tree faketree.Tree) (iio.Reading, iio.Description) {
	t.Helper()
	fs := faketree.Build(t, tree)
	u, err := iio.Hardware(fs.Root, nil)(50 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	readings, err := u.Read()
	if err != nil || len(readings) != 1 {
		t.Fatal(readings, err)
	}
	return readings[0], u.Describe()
}

func TestUnitsFramesAndMountMatrix(t *testing.T) {
	turned := with(sixAxis(), faketree.Files{
		"in_accel_x_raw": "1000\n", "in_accel_y_raw": "2000\n", "in_accel_offset": "100\n", "in_accel_z_offset": "-384\n",
		"in_anglvel_x_raw": "100\n", "in_anglvel_y_raw": "200\n",
		"in_mount_matrix": "0, 1, 0; -1, 0, 0; 0, 0, 1\n",
	})
	r, d := readOnce(t, chip(0, onI2C, turned).Plus(chip(1, "platform/other/2-001e", magnetometer())))
	const g, dps = 0.000598 / 9.80665, 0.001064724 * 57.29577951308232
	// The matrix swaps X and Y; then Y changes sides, and a rate its sense.
	nearVec(t, "accel", r.Accel, vec(2100*g, 1100*g, 16000*g), 1e-9)
	nearVec(t, "gyro", r.Gyro, vec(-200*dps, -100*dps, -8*dps), 1e-9)
	nearVec(t, "mag", r.Mag, vec(0.2, 0, -0.44), 1e-12)
	if d.AccelGyro != "mpu6050 on i2c-1" || d.Magnetometer != "hmc5883l on i2c-2" || d.Simulated {
		t.Errorf("%+v", d)
	}
}

func TestSeparateDevicesOfOneChipAreJoined(t *testing.T) {
	all := sixAxis()
	accel, gyro := faketree.Files{"name": "lsm6ds3_accel\n"}, faketree.Files{"name": "lsm6ds3_gyro\n"}
	for _, axis := range []string{"x", "y", "z"} {
		accel["in_accel_"+axis+"_raw"] = all["in_accel_"+axis+"_raw"]
		gyro["in_anglvel_"+axis+"_raw"] = all["in_anglvel_"+axis+"_raw"]
	}
	accel["in_accel_scale"], gyro["in_anglvel_scale"] = all["in_accel_scale"], all["in_anglvel_scale"]
	stranger := with(accel, faketree.Files{"name": "display_accel\n", "in_accel_z_raw": "1\n"})
	r, d := readOnce(t, chip(0, "platform/i2c-3/3-0018", stranger).
		Plus(chip(1, "platform/spi1.0", accel)).Plus(chip(2, "platform/spi1.0", gyro)))
	if d.AccelGyro != "lsm6ds3_gyro on spi1 and lsm6ds3_accel on spi1" {
		t.Error(d.AccelGyro)
	}
	near(t, "up", r.Accel.Z, 1, 0.01)
	if r.Gyro == nil || r.Mag != nil {
		t.Errorf("%+v", r)
	}
}

func TestAccelerometerAlone(t *testing.T) {
	r, d := readOnce(t, chip(3, "platform/i2c-0/0-0019", faketree.Files{
		"name": "lis3dh\n", "label": "base\n",
		"in_accel_x_raw": "0\n", "in_accel_y_raw": "-512\n", "in_accel_z_raw": "0\n", "in_accel_scale": "0.019153\n",
		"in_accel_mount_matrix": "broken\n",
	}))
	if r.Gyro != nil || r.Mag != nil || d.AccelGyro != "lis3dh (base) on i2c-0" {
		t.Errorf("%+v %+v", r, d)
	}
	nearVec(t, "accel", r.Accel, vec(0, 1, 0), 1e-3)
}

func TestSamplingFrequencyIsRaisedAndSetBack(t *testing.T) {
	for _, c := range []struct {
		name, now, available, want string
		interval                   time.Duration
	}{
		{"raised", "50", "10 20 50 100 200 500", "100", 50 * time.Millisecond},
		{"for a short interval", "50", "10 20 50 100 200 500", "200", 5 * time.Millisecond},
		{"as fast as it can", "10", "5 10 20", "20", 50 * time.Millisecond},
		{"lowered", "6660", "12.5 26 52 104 208 6660", "104", 50 * time.Millisecond},
		{"left alone", "208", "12.5 26 52 104 208 6660", "208", 50 * time.Millisecond},
		{"from a range", "25", "[1 1 400]", "100", 50 * time.Millisecond},
		{"without a list", "50", "", "100", 50 * time.Millisecond},
		{"not a number", "fast", "", "fast", 50 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := with(sixAxis(), faketree.Files{"sampling_frequency": c.now + "\n", "sampling_frequency_available": c.available + "\n"})
			tree := faketree.Build(t, chip(0, onI2C, files))
			u, err := iio.Hardware(tree.Root, nil)(c.interval)
			if err != nil {
				t.Fatal(err)
			}
			path := folder(0, onI2C) + "sampling_frequency"
			if got := content(t, tree, path); got != c.want {
				t.Errorf("while open: %q, want %q", got, c.want)
			}
			u.Close()
			if got := content(t, tree, path); got != c.now {
				t.Errorf("afterwards: %q, want %q", got, c.now)
			}
		})
	}
}

func TestEnvironment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := faketree.Build(t, chip(0, onI2C, sixAxis()).Plus(chip(1, "platform/i2c-1/1-0077", faketree.Files{
			"name": "bme280\n", "in_pressure_input": "101.325000\n", "in_temp_input": "21500\n", "in_humidityrelative_input": "43250\n",
			"in_pressure_raw": "12\n", "in_pressure_scale": "0.001\n",
		})).Plus(chip(2, "platform/i2c-1/1-0039", faketree.Files{
			"name": "tsl2561\n", "in_illuminance0_input": "312\n", "in_intensity_both_raw": "7\n", "in_proximity_raw": "oops\n",
		})))
		e := iio.NewEnvironment(tree.Root, nil)
		defer e.Close()
		sub, err := e.Topic().Subscribe(topic.SubscribeOptions{Interval: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer sub.Close()
		item, err := sub.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]float64{
			"in_temp": 35, "in_pressure": 1013.25, "in_humidityrelative": 43.25, "in_illuminance0": 312,
		}
		got := map[string]float64{}
		for _, m := range item.Event.Value.Measurements {
			if m.Device == "bme280 on i2c-1" && m.Channel == "in_temp" {
				near(t, "temperature", m.Value, 21.5, 1e-9)
				continue
			}
			got[m.Channel] = m.Value
		}
		for name, v := range want {
			near(t, name, got[name], v, 0.01)
		}
		if len(got) != len(want) || len(item.Event.Value.Errors) != 1 {
			t.Errorf("%+v", item.Event.Value)
		}
		began := time.Now()
		if _, err := sub.Next(t.Context()); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("next look after %v, %v", time.Since(began), err)
		}
	})
}

func TestEnvironmentThatIsNotThereOrGoesAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		none := iio.NewEnvironment(faketree.Build(t, chip(0, onI2C, magnetometer())).Root, nil)
		defer none.Close()
		sub, _ := none.Topic().Subscribe(topic.SubscribeOptions{})
		defer sub.Close()
		synctest.Wait()
		if state := none.Topic().Stats(); state.State != topic.NotPresent {
			t.Errorf("state %v", state.State)
		}
		tree := faketree.Build(t, chip(0, onI2C, faketree.Files{"name": "bmp\n", "in_pressure_input": "100\n"}))
		e := iio.NewEnvironment(tree.Root, nil)
		defer e.Close()
		follow, _ := e.Topic().Subscribe(topic.SubscribeOptions{})
		defer follow.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		value := func() (float64, bool) {
			item, err := follow.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			m := item.Event.Value.Measurements
			if len(m) == 0 {
				return 0, false
			}
			return m[0].Value, true
		}
		if v, _ := value(); v != 1000 {
			t.Errorf("pressure %v", v)
		}
		tree.Write(folder(0, onI2C)+"in_pressure_input", "")
		for range 4 { // then the source breaks, and is retried
			value()
		}
		synctest.Wait()
		tree.Write(folder(0, onI2C)+"in_pressure_input", "99\n")
		for {
			if v, ok := value(); ok && v == 990 {
				break
			}
		}
		if e.Topic().Stats().State != topic.Running {
			t.Error(e.Topic().Stats())
		}
	})
}
