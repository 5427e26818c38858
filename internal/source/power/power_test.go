package power_test

import (
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/power"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hwmon is a chip on an I²C bus, or without a device if place is empty.
func hwmon(name, place string, files faketree.Files) faketree.Tree {
	dir := "sys/devices/virtual/hwmon/" + name
	tree := faketree.Tree{Files: faketree.Files{}, Links: faketree.Links{"sys/class/hwmon/" + name: "../../devices/virtual/hwmon/" + name}}
	for file, text := range files {
		tree.Files[dir+"/"+file] = text + "\n"
	}
	if place != "" {
		tree.Links[dir+"/device"] = "../../../i2c-1/" + place
	}
	return tree
}

func supply(name string, files faketree.Files) faketree.Tree {
	tree := faketree.Tree{Files: faketree.Files{}}
	for file, text := range files {
		tree.Files["sys/class/power_supply/"+name+"/"+file] = text + "\n"
	}
	return tree
}

func ina219() faketree.Tree {
	return hwmon("hwmon2", "1-0040", faketree.Files{
		"name": "ina219", "in0_input": "12", "in1_input": "5080", "curr1_input": "1200", "power1_input": "6100000",
	})
}

func read(t *testing.T, tree faketree.Tree) power.Status {
	t.Helper()
	m := power.New(power.Hardware(faketree.Build(t, tree).Root), nil)
	defer m.Close()
	s, err := m.Status()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// is compares a value with what is wanted; NaN wants none.
func is(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	switch {
	case math.IsNaN(want) && got != nil:
		t.Errorf("%s = %v, want none", what, *got)
	case !math.IsNaN(want) && (got == nil || math.Abs(*got-want) > 1e-9):
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// rail is what is wanted of one; NaN wants no value.
type rail struct {
	label, bus, address       string
	volts, amps, watts, shunt float64
}

// device is a tree and what is wanted of it.
type device struct {
	name               string
	tree               faketree.Tree
	rails              []rail
	volts, amps, watts float64 // main
	errors             int
}

func devices() []device {
	none := math.NaN()
	return []device{
		{
			"ina219", ina219(),
			[]rail{{"ina219 on i2c-1 (0x40)", "i2c-1", "0x40", 5.08, 1.2, 6.1, 0.012}}, 5.08, 1.2, 6.1, 0,
		},
		{
			"ina3221, of which one channel is the input",
			hwmon("hwmon0", "7-0041", faketree.Files{
				"name": "ina3221", "in1_input": "900", "in1_label": "VDD_CPU", "curr1_input": "300", "in2_input": "19000", "in2_label": "VDD_IN",
				"curr2_input": "500", "in3_input": "0", "in3_label": "NC", "curr3_input": "0", "in4_input": "3", "in5_input": "5", "in6_input": "0", "in7_input": "8",
			}),
			[]rail{
				{"VDD_CPU on i2c-7 (0x41)", "i2c-7", "0x41", 0.9, 0.3, 0.27, 0.003},
				{"VDD_IN on i2c-7 (0x41)", "i2c-7", "0x41", 19, 0.5, 9.5, 0.005},
				{"NC on i2c-7 (0x41)", "i2c-7", "0x41", 0, 0, 0, 0},
			}, 19, 0.5, 9.5, 0,
		},
		{
			"PMBus labels",
			hwmon("hwmon0", "3-005b", faketree.Files{
				"name": "adm1275", "in1_label": "vin", "in1_input": "12100", "curr1_label": "iout1", "curr1_input": "2000",
				"in2_label": "vout1", "in2_input": "12000", "power1_label": "pin", "power1_input": "24500000", "power2_label": "pout1", "power2_average": "24000000", "power2_input": "24100000",
			}),
			[]rail{
				{"vin on i2c-3 (0x5b)", "i2c-3", "0x5b", 12.1, none, 24.5, none},
				{"vout1 on i2c-3 (0x5b)", "i2c-3", "0x5b", 12, 2, 24.1, none},
			}, 12.1, none, 24.5, 0,
		},
		{
			"a graphics card and a mainboard are not the main rail",
			hwmon("hwmon0", "", faketree.Files{"name": "amdgpu", "power1_average": "9000000", "power1_label": "PPT", "in0_input": "900", "in0_label": "vddgfx"}).
				Plus(hwmon("hwmon1", "", faketree.Files{"name": "nct6775", "in0_input": "1000", "in1_input": "1800"})),
			[]rail{
				{"vddgfx", "", "", 0.9, none, none, none}, {"PPT", "", "", none, none, 9, none},
			}, none, none, none, 0,
		},
		{
			"an adapter comes before a board's meter",
			ina219().Plus(supply("usb", faketree.Files{"type": "USB", "online": "1", "voltage_now": "9000000", "current_now": "2000000", "model_name": "PD"})),
			[]rail{
				{"ina219 on i2c-1 (0x40)", "i2c-1", "0x40", 5.08, 1.2, 6.1, 0.012},
				{"usb (PD)", "power_supply", "", 9, 2, 18, none},
			}, 9, 2, 18, 0,
		},
		{
			"an adapter that is not plugged in, a battery that gives, one of a mouse",
			supply("AC", faketree.Files{"type": "Mains", "online": "0", "voltage_now": "0", "current_now": "0"}).
				Plus(supply("BAT0", faketree.Files{"type": "Battery", "status": "Discharging", "voltage_now": "11000000", "current_now": "-1000000", "manufacturer": "Cells", "model_name": "X"})).
				Plus(supply("mouse", faketree.Files{"type": "Battery", "scope": "Device", "voltage_now": "1200000"})),
			[]rail{
				{"AC", "power_supply", "", none, none, none, none},
				{"BAT0 (Cells X)", "power_supply", "", 11, 1, 11, none},
			}, 11, 1, 11, 0,
		},
		{
			"a battery that is charged is not what the device takes",
			supply("BAT0", faketree.Files{"type": "Battery", "status": "Charging", "voltage_now": "12000000", "power_now": "30000000"}),
			[]rail{{"BAT0", "power_supply", "", 12, none, 30, none}}, none, none, none, 0,
		},
		{
			"under-voltage of a Raspberry Pi",
			hwmon("hwmon0", "", faketree.Files{"name": "rpi_volt", "in0_lcrit_alarm": "1"}), nil, none, none, none, 1,
		},
		{
			"a rail that cannot be read",
			ina219().Plus(faketree.Tree{Files: faketree.Files{"sys/devices/virtual/hwmon/hwmon2/curr1_input": ""}}),
			[]rail{{"ina219 on i2c-1 (0x40)", "i2c-1", "0x40", 5.08, none, 6.1, 0.012}}, 5.08, none, 6.1, 1,
		},
	}
}

func TestRails(t *testing.T) {
	for _, c := range devices() {
		t.Run(c.name, func(t *testing.T) {
			s := read(t, c.tree)
			is(t, "volts", s.Volts, c.volts)
			is(t, "amps", s.Amps, c.amps)
			is(t, "watts", s.Watts, c.watts)
			if len(s.Rails) != len(c.rails) || len(s.Errors) != c.errors || s.UpdatedAt.IsZero() || s.Simulated {
				t.Fatalf("%+v", s)
			}
			for i, want := range c.rails {
				got := s.Rails[i]
				if got.Label != want.label || got.Bus != want.bus || got.Address != want.address {
					t.Errorf("%+v, want %+v", got, want)
				}
				is(t, got.Label+" volts", got.Volts, want.volts)
				is(t, got.Label+" amps", got.Amps, want.amps)
				is(t, got.Label+" watts", got.Watts, want.watts)
				is(t, got.Label+" shunt", got.ShuntVolts, want.shunt)
			}
		})
	}
}

func TestNoRails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tree := range map[string]faketree.Tree{
			"nothing":      {},
			"temperatures": hwmon("hwmon0", "", faketree.Files{"name": "k10temp", "temp1_input": "40000", "in_input": "1", "inx_input": "2"}),
		} {
			m := power.New(power.Hardware(faketree.Build(t, tree).Root), nil)
			defer m.Close()
			if _, err := m.Status(); !errors.Is(err, topic.ErrNotPresent) {
				t.Errorf("%s: %v", name, err)
			}
			sub, err := m.Topic().Subscribe(topic.SubscribeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			time.Sleep(time.Hour)
			if s := m.Topic().Stats(); s.State != topic.NotPresent || s.Published != 0 || s.Starts != 1 {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
}

func next(t *testing.T, sub *topic.Subscription[power.Status]) power.Status {
	t.Helper()
	item, err := sub.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return item.Event.Value
}

func TestRateFollowsTheSubscribersAndStopsWithThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := power.New(power.Hardware(faketree.Build(t, ina219()).Root), nil)
		defer m.Close()
		rate := func(sub *topic.Subscription[power.Status]) time.Duration {
			next(t, sub)
			began := time.Now()
			for range 10 {
				next(t, sub)
			}
			return time.Since(began) / 10
		}
		slow, _ := m.Topic().Subscribe(topic.SubscribeOptions{Interval: 2 * time.Second})
		defer slow.Close()
		next(t, slow)
		if d := rate(slow); d != 2*time.Second {
			t.Errorf("slow: %v", d)
		}
		before := m.Topic().Stats().Published
		fast, _ := m.Topic().Subscribe(topic.SubscribeOptions{Interval: 50 * time.Millisecond})
		if d := rate(fast); d != power.Interval {
			t.Errorf("fast: %v", d)
		}
		if n := m.Topic().Stats().Published - before; n > 12 {
			t.Errorf("%d readings for two subscribers", n)
		}
		fast.Close()
		slow.Close()
		time.Sleep(3 * time.Second)
		before = m.Topic().Stats().Published
		time.Sleep(time.Hour)
		if s := m.Topic().Stats(); s.Published != before || s.State != topic.Idle {
			t.Errorf("without a subscriber: %+v", s)
		}
	})
}

func TestRailsComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tree := faketree.Build(t, ina219())
		m := power.New(power.Hardware(tree.Root), nil)
		defer m.Close()
		sub, _ := m.Topic().Subscribe(topic.SubscribeOptions{})
		defer sub.Close()
		until := func(what string, ok func(power.Status) bool) {
			deadline := time.Now().Add(time.Minute)
			for !ok(next(t, sub)) {
				if time.Now().After(deadline) {
					t.Fatal(what)
				}
			}
		}
		until("no rail", func(s power.Status) bool { return len(s.Rails) == 1 && s.Volts != nil })
		tree.Write("sys/class/power_supply/usb/type", "USB\n")
		tree.Write("sys/class/power_supply/usb/current_now", "500000\n")
		until("the second rail was not found", func(s power.Status) bool { return len(s.Rails) == 2 })
		tree.Remove("sys/class")
		until("the loss was not told", func(s power.Status) bool { return len(s.Rails) == 0 && len(s.Errors) == 1 })
		back := ina219()
		tree.Link("sys/class/hwmon/hwmon2", back.Links["sys/class/hwmon/hwmon2"])
		until("the rail did not come back", func(s power.Status) bool { return len(s.Rails) == 1 && len(s.Errors) == 0 })
		if s, err := m.Status(); err != nil || len(s.Rails) != 1 {
			t.Error(s, err)
		}
	})
}

func TestSimulated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := power.New(power.Simulated(3), nil)
		defer m.Close()
		sub, _ := m.Topic().Subscribe(topic.SubscribeOptions{})
		defer sub.Close()
		low, high := math.Inf(1), 0.0
		for range 400 {
			s := next(t, sub)
			if !s.Simulated || len(s.Rails) != 1 || s.Rails[0].Label != "simulated supply" || math.Abs(*s.Watts-*s.Volts**s.Amps) > 1e-9 {
				t.Fatalf("%+v", s)
			}
			low, high = min(low, *s.Watts), max(high, *s.Watts)
		}
		if low > 4 || high < 8 {
			t.Errorf("%v to %v watts", low, high)
		}
	})
}
