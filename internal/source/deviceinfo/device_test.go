package deviceinfo

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/heliograph/heliograph/internal/recorder"
)

// tree makes a file system of paths and contents.
func tree(t *testing.T, files map[string]string) recorder.Device {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New(root)
}

func TestInfo(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  recorder.DeviceInfo
	}{
		{"nothing known", nil, recorder.DeviceInfo{Idiom: "desktop"}},
		{"board", map[string]string{
			"proc/device-tree/model":    "Raspberry Pi 4 Model B Rev 1.4\x00",
			"proc/sys/kernel/hostname":  "cam7\n",
			"etc/os-release":            "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n",
			"proc/sys/kernel/osrelease": "6.1.0\n",
		}, recorder.DeviceInfo{Model: "Raspberry Pi 4 Model B Rev 1.4", Name: "cam7", OSVersion: "Debian GNU/Linux 12 (bookworm)", Idiom: "desktop"}},
		{"tablet", map[string]string{
			"sys/class/dmi/id/product_name": "Default string\n", "sys/class/dmi/id/board_name": "T-1\n", "sys/class/dmi/id/sys_vendor": "Maker\n",
			"sys/class/dmi/id/chassis_type": "30\n", "proc/sys/kernel/osrelease": "6.1.0\n",
		}, recorder.DeviceInfo{Model: "T-1", Manufacturer: "Maker", OSVersion: "6.1.0", Idiom: "tablet"}},
		{"virtual machine", map[string]string{"proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu hypervisor lm\n"},
			recorder.DeviceInfo{Idiom: "desktop", Virtual: true}},
		{"other flags", map[string]string{"proc/cpuinfo": "flags\t\t: fpu hypervisors\n"}, recorder.DeviceInfo{Idiom: "desktop"}},
	} {
		if got, err := tree(t, test.files).Info(t.Context()); got != test.want || err != nil {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
	if got, err := New("/").Info(t.Context()); got.Name == "" || got.OSVersion == "" || err != nil {
		t.Errorf("this machine: %+v, %v", got, err)
	}
}

func TestDisplay(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  recorder.Display
	}{
		{"none", nil, recorder.Display{}},
		{"second connector", map[string]string{
			"sys/class/drm/card0-DP-1/status": "disconnected\n", "sys/class/drm/card0-DP-1/modes": "800x600\n",
			"sys/class/drm/card0-HDMI-A-1/status": "connected\n", "sys/class/drm/card0-HDMI-A-1/modes": "1920x1080\n1280x720\n",
		}, recorder.Display{Width: 1920, Height: 1080, Density: 1}},
		{"frame buffer", map[string]string{"sys/class/graphics/fb0/modes": "U:1024x768p-60\n"},
			recorder.Display{Width: 1024, Height: 768, Density: 1, RefreshRate: 60}},
		{"frame buffer without modes", map[string]string{"sys/class/graphics/fb0/virtual_size": "480,800\n"},
			recorder.Display{Width: 480, Height: 800, Density: 1}},
	} {
		got, err := tree(t, test.files).Display(t.Context())
		if got != test.want || (err != nil) != (test.want == recorder.Display{}) || err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

func TestBattery(t *testing.T) {
	supply := func(name string, values ...string) map[string]string {
		files := map[string]string{}
		for i := 0; i < len(values); i += 2 {
			files["sys/class/power_supply/"+name+"/"+values[i]] = values[i+1] + "\n"
		}
		return files
	}
	both := func(a, b map[string]string) map[string]string {
		for k, v := range b {
			a[k] = v
		}
		return a
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		want  recorder.Battery
	}{
		{"none", nil, recorder.Battery{}},
		{"of a mouse", supply("hidpp", "type", "Battery", "scope", "Device", "capacity", "50"), recorder.Battery{}},
		{"discharging", supply("BAT0", "type", "Battery", "capacity", "42", "status", "Discharging"),
			recorder.Battery{Level: 0.42, State: "discharging", Source: "battery"}},
		{"charging", both(supply("BAT0", "type", "Battery", "energy_now", "30", "energy_full", "40", "status", "Charging"), supply("AC", "type", "Mains", "online", "1")),
			recorder.Battery{Level: 0.75, State: "charging", Source: "ac"}},
		{"full over USB", both(supply("BAT0", "type", "Battery", "charge_now", "41", "charge_full", "40", "status", "Full"), supply("usb", "type", "USB_C", "online", "1")),
			recorder.Battery{Level: 1, State: "full", Source: "usb"}},
		{"unknown", supply("BAT0", "type", "Battery", "capacity", "7", "status", "Odd"), recorder.Battery{Level: 0.07, State: "unknown", Source: "unknown"}},
	} {
		got, err := tree(t, test.files).Battery(t.Context())
		if got != test.want || (err != nil) != (test.want == recorder.Battery{}) || err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

func TestConnectivity(t *testing.T) {
	const route4 = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\nwlan0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
	const route6 = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe80 00000400 00000001 00000000 00000003 eth0\n"
	const unreachable = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00 ffffffff 00000001 00000000 00200200 lo\n"
	links := map[string]string{
		"sys/class/net/lo/type": "772\n", "sys/class/net/lo/operstate": "unknown\n", "sys/class/net/lo/carrier": "1\n",
		"sys/class/net/eth0/type": "1\n", "sys/class/net/eth0/operstate": "down\n",
		"sys/class/net/br0/type": "1\n", "sys/class/net/br0/operstate": "up\n", "sys/class/net/br0/uevent": "DEVTYPE=bridge\n",
	}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for k, v := range links {
			all[k] = v
		}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	for _, test := range []struct {
		name  string
		files map[string]string
		want  recorder.Connectivity
	}{
		{"nothing", nil, recorder.Connectivity{Access: "none"}},
		{"all down", links, recorder.Connectivity{Access: "none"}},
		{"cable without a route", with(map[string]string{"sys/class/net/eth0/operstate": "up", "proc/net/ipv6_route": unreachable}),
			recorder.Connectivity{Access: "local", Profiles: []string{"ethernet"}}},
		{"driver that does not tell", with(map[string]string{"sys/class/net/eth0/operstate": "unknown", "sys/class/net/eth0/carrier": "1", "proc/net/ipv6_route": route6}),
			recorder.Connectivity{Access: "internet", Profiles: []string{"ethernet"}}},
		{"wireless and modem", with(map[string]string{
			"sys/class/net/wlan0/operstate": "up", "sys/class/net/wlan0/uevent": "DEVTYPE=wlan\n",
			"sys/class/net/wwan0/operstate": "up", "sys/class/net/wwan0/uevent": "DEVTYPE=wwan\n", "proc/net/route": route4,
		}), recorder.Connectivity{Access: "internet", Profiles: []string{"cellular", "wifi"}}},
	} {
		if got, err := tree(t, test.files).Connectivity(t.Context()); !reflect.DeepEqual(got, test.want) || err != nil {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

func FuzzTables(f *testing.F) {
	f.Add("1920x1080i-60")
	f.Fuzz(func(t *testing.T, text string) {
		if d, ok := parseMode(text); ok && (d.Width < 1 || d.Height < 1) {
			t.Errorf("%+v", d)
		}
		defaultRoute4(text)
		defaultRoute6(text)
	})
}
