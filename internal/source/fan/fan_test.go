package fan

import (
	"errors"
	"reflect"
	"testing"

	"github.com/heliograph/heliograph/internal/testkit/faketree"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestRead(t *testing.T) {
	root := faketree.Build(t, faketree.Tree{
		Files: faketree.Files{
			"sys/devices/hwmon10/name":         "pwmfan\n",
			"sys/devices/hwmon10/pwm1":         "51\n",
			"sys/devices/hwmon10/pwm1_enable":  "1\n",
			"sys/devices/hwmon2/name":          "nct6775\n",
			"sys/devices/hwmon2/fan2_input":    "0\n",
			"sys/devices/hwmon2/fan2_label":    "case\n",
			"sys/devices/hwmon2/fan2_alarm":    "1\n",
			"sys/devices/hwmon2/fan1_input":    "1200\n",
			"sys/devices/hwmon2/fan1_target":   "1300\n",
			"sys/devices/hwmon2/pwm1":          "255\n",
			"sys/devices/hwmon2/pwm1_enable":   "5\n",
			"sys/devices/hwmon2/pwm3":          "loud\n",
			"sys/devices/hwmon2/temp1_input":   "40000\n",
			"sys/devices/hwmon2/fanx_input":    "1\n",
			"sys/devices/hwmon2/pwm1_max":      "255\n",
			"sys/devices/hwmon2/fan4_input":    "-1\n",
			"sys/devices/hwmon2/fan4_fault":    "1\n",
			"sys/devices/hwmon3/name":          "ina219\n",
			"sys/devices/hwmon3/power1_input":  "1\n",
			"sys/class/thermal/cooling/type":   "x\n",
			"sys/devices/hwmon2/fan1_div":      "2\n",
			"sys/devices/hwmon2/fan1_min":      "300\n",
			"sys/devices/hwmon2/fan1_pulses":   "2\n",
			"sys/devices/hwmon2/pwm1_mode":     "1\n",
			"sys/devices/hwmon2/pwm1_freq":     "1\n",
			"sys/devices/hwmon2/fan1_fault":    "0\n",
			"sys/devices/hwmon2/intrusion0_ok": "0\n",
		},
		Links: faketree.Links{
			"sys/class/hwmon/hwmon10": "../../devices/hwmon10", "sys/class/hwmon/hwmon2": "../../devices/hwmon2",
			"sys/class/hwmon/hwmon3": "../../devices/hwmon3",
		},
	}).Root
	got, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	rpm := func(n uint64) *uint64 { return &n }
	percent := func(p float64) *float64 { return &p }
	want := []Fan{
		{Chip: "nct6775", Label: "fan1", RPM: rpm(1200), Percent: percent(100), Mode: Automatic},
		{Chip: "nct6775", Label: "case", RPM: rpm(0), Alarm: true},
		{Chip: "nct6775", Label: "fan3"},
		{Chip: "nct6775", Label: "fan4", Alarm: true},
		{Chip: "pwmfan", Label: "fan1", Percent: percent(20), Mode: Manual},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestNoFan(t *testing.T) {
	if _, err := Read(t.TempDir()); !errors.Is(err, topic.ErrNotPresent) {
		t.Errorf("got %v", err)
	}
}
