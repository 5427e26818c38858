package usb

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// codes returns the codes of the warnings per device.
func codes(devices []Device) map[string]string {
	out := map[string]string{}
	for _, d := range devices {
		var all []string
		for _, w := range d.Warnings {
			all = append(all, w.Code)
		}
		if all != nil {
			out[d.Name] = strings.Join(all, " ")
		}
	}
	return out
}

func TestSpeedWarning(t *testing.T) {
	tests := []struct {
		name string
		a    attrs
		want bool
	}{
		{"USB 2 device", camera, false},
		{"object store says 5 Gbit/s, runs at 480", camera.with(attrs{"version": " 2.10\n", "bos_descriptors": superSpeedBOS}), true},
		{"object store says 5 Gbit/s, runs at 12", camera.with(attrs{"version": " 2.10\n", "speed": "12\n", "bos_descriptors": superSpeedBOS}), true},
		{"object store says 5 Gbit/s, runs at it", camera.with(attrs{"speed": "5000\n", "bos_descriptors": superSpeedBOS}), false},
		{"2.10 without an object store may be USB 2 with power management", camera.with(attrs{"version": " 2.10\n"}), false},
		{"claims USB 3", camera.with(attrs{"version": " 3.20\n"}), true},
		{"speed unknown", camera.with(attrs{"version": " 3.20\n", "speed": "unknown\n"}), false},
		{"slower half of a USB 3 hub", hub.with(attrs{"version": " 2.10\n", "bos_descriptors": superSpeedBOS}), false},
		{"full speed device", camera.with(attrs{"version": " 1.10\n", "speed": "12\n"}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSysfs(t)
			s.add("1-1", tt.a)
			if got := codes(scan(t, s)); (got["1-1"] == WarningSpeedLow) != tt.want {
				t.Errorf("warnings %v", got)
			}
		})
	}
}

func TestPowerWarning(t *testing.T) {
	onBus := hub.with(attrs{"bmAttributes": "a0\n"})
	draws := func(ma string) attrs { return camera.with(attrs{"bMaxPower": ma + "mA\n"}) }
	unconfigured := camera.with(attrs{"bConfigurationValue": "\n", "bMaxPower": "", "bmAttributes": ""})
	tests := []struct {
		name    string
		devices map[string]attrs
		want    []string
	}{
		{"much on a hub with a supply", map[string]attrs{"1-1": hub, "1-1.1": draws("500"), "1-1.2": draws("500")}, nil},
		{"just enough", map[string]attrs{"1-1": onBus, "1-1.1": draws("300"), "1-1.2": draws("100")}, nil},
		{"2 mA too much", map[string]attrs{"1-1": onBus, "1-1.1": draws("300"), "1-1.2": draws("102")}, []string{"1-1.1", "1-1.2"}},
		{"one that draws nothing is not to blame", map[string]attrs{"1-1": onBus, "1-1.1": draws("402"), "1-1.2": draws("0")}, []string{"1-1.1"}},
		{"900 mA at 5 Gbit/s", map[string]attrs{"2-1": onBus.with(attrs{"speed": "5000\n"}), "2-1.1": draws("700")}, nil},
		{"more at 5 Gbit/s", map[string]attrs{"2-1": onBus.with(attrs{"speed": "5000\n"}), "2-1.1": draws("896")}, []string{"2-1.1"}},
		{
			"a hub behind it passes on the needs", map[string]attrs{"1-1": onBus, "1-1.1": onBus, "1-1.1.1": draws("200"), "1-1.1.2": draws("200")},
			[]string{"1-1.1"},
		},
		{"a hub with a supply does not", map[string]attrs{"1-1": onBus, "1-1.1": hub, "1-1.1.1": draws("500")}, nil},
		{"straight on the machine", map[string]attrs{"1-1": draws("500"), "usb1": rootHub}, nil},
		{"refused by the kernel", map[string]attrs{"1-1": onBus, "1-1.1": unconfigured}, []string{"1-1.1"}},
		{"not set up on a hub with a supply", map[string]attrs{"1-1": hub, "1-1.1": unconfigured}, nil},
		{"not authorized", map[string]attrs{"1-1": onBus, "1-1.1": unconfigured.with(attrs{"authorized": "0\n"})}, nil},
		{"over-current", map[string]attrs{"1-1": camera.with(attrs{"port/over_current_count": "3\n"})}, []string{"1-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSysfs(t)
			for name, a := range tt.devices {
				s.add(name, a)
			}
			var got []string
			for name, code := range codes(scan(t, s)) {
				if code != WarningHubPower {
					t.Errorf("%s: %s", name, code)
				}
				got = append(got, name)
			}
			slices.Sort(got)
			if !slices.Equal(got, tt.want) {
				t.Errorf("warned %v, want %v", got, tt.want)
			}
		})
	}
}

func TestDiagnoseTwiceGivesTheSame(t *testing.T) {
	devices := []Device{{Name: "1-1", Parent: "usb1", SpeedMbps: 480, FasterMbps: 5000, OverCurrents: 1}}
	Diagnose(devices)
	Diagnose(devices)
	if got := codes(devices)["1-1"]; got != "usb_speed_low usb_hub_power" {
		t.Errorf("got %q", got)
	}
}

func TestParseBOS(t *testing.T) {
	plus := superSpeedBOS + string([]byte{20, 0x10, 10, 0, 1, 0, 0, 0, 0, 0x11, 0, 0, 0x30, 0x40, 10, 0, 0xb0, 0x40, 10, 0})
	plus = plus[:2] + string([]byte{byte(len(plus)), 0, 3}) + plus[5:]
	onlyHigh := strings.Replace(superSpeedBOS, "\x00\x0e\x00", "\x00\x06\x00", 1)
	for _, tt := range []struct {
		name, b string
		want    float64
	}{
		{"SuperSpeed", superSpeedBOS, 5000},
		{"SuperSpeedPlus", plus, 10000},
		{"only up to high speed", onlyHigh, 0},
		{"USB 2 extension only", superSpeedBOS[:12], 0},
		{"nothing", "", 0},
		{"cut in the capability", superSpeedBOS[:20], 0},
		{"no object store", "\x09\x02" + superSpeedBOS[2:], 0},
		{"capability without length", superSpeedBOS[:5] + "\x00\x10\x03", 0},
		{"total shorter than the header", "\x05\x0f\x02\x00\x01" + superSpeedBOS[5:], 0},
	} {
		if got := parseBOS([]byte(tt.b)); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func FuzzParseBOS(f *testing.F) {
	f.Add([]byte(superSpeedBOS))
	f.Add([]byte{5, 0x0f, 0, 0, 1})
	f.Add([]byte{255, 0x0f, 5, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		switch speed := parseBOS(b); speed {
		case 0, superSpeedPlusMbps:
		case superSpeedMbps:
			// Such a claim needs the capability's bytes.
			if len(b) < 5+6 || binary.LittleEndian.Uint16(b[2:]) < 11 {
				t.Fatalf("%v from %d bytes", speed, len(b))
			}
		default:
			t.Fatalf("speed %v", speed)
		}
	})
}
