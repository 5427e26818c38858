package usb

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"unicode/utf8"
)

func scan(t *testing.T, s sysfs) []Device {
	t.Helper()
	devices, err := New(Options{Root: s.root}).Scan()
	if err != nil {
		t.Fatal(err)
	}
	return devices
}

func TestScan(t *testing.T) {
	s := newSysfs(t)
	s.add("1-1.2", camera.with(attrs{"port/over_current_count": "0\n"}))
	s.add("1-1.2:1.1", attrs{"bInterfaceNumber": "01\n", "bInterfaceClass": "0e\n", "bInterfaceSubClass": "02\n", "bInterfaceProtocol": "00\n"})
	s.add("1-1.2:1.0", attrs{
		"bInterfaceNumber": "00\n", "bInterfaceClass": "0e\n", "bInterfaceSubClass": "01\n", "bInterfaceProtocol": "00\n",
		"driver": "->../../bus/usb/drivers/uvcvideo",
	})
	s.add("usb1", rootHub)
	s.add("1-0:1.0", attrs{"bInterfaceNumber": "00\n", "bInterfaceClass": "09\n"})
	s.add("1-1", hub)
	got := scan(t, s)
	if len(got) != 3 {
		t.Fatalf("found %+v", got)
	}
	want := Device{
		Name: "1-1.2", Parent: "1-1", Bus: 1, Number: 5, VendorID: 0x046d, ProductID: 0x0825,
		Manufacturer: "Example", Product: "webcam", Serial: "0815", Version: 0x0200,
		Class: 0xef, SubClass: 2, Protocol: 1, SpeedMbps: 480, Configured: true, MaxPowerMA: 500, Authorized: true,
		Interfaces: []Interface{{Number: 0, Class: 0x0e, SubClass: 1, Driver: "uvcvideo"}, {Number: 1, Class: 0x0e, SubClass: 2}},
		Kind:       KindUSB,
	}
	if !reflect.DeepEqual(got[2], want) {
		t.Errorf("camera\n got %+v\nwant %+v", got[2], want)
	}
	if got[2].ID() != "046d:0825@1-1.2" || got[2].Description() != "Example webcam" || !got[2].Peripheral() {
		t.Errorf("camera is %s, %s", got[2].ID(), got[2].Description())
	}
	if r := got[0]; r.Name != "usb1" || !r.RootHub || !r.Hub || r.Parent != "" || r.Ports != 4 || !r.SelfPowered || r.Peripheral() {
		t.Errorf("root hub %+v", r)
	}
	if h := got[1]; h.Name != "1-1" || h.RootHub || !h.Hub || h.Parent != "usb1" || h.Peripheral() {
		t.Errorf("hub %+v", h)
	}
}

func TestScanWithoutUSB(t *testing.T) {
	devices, err := New(Options{Root: t.TempDir()}).Scan()
	if err != nil || len(devices) != 0 || devices == nil {
		t.Errorf("got %v, %v", devices, err)
	}
}

func TestScanUnreadable(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "sys/bus/usb"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "sys/bus/usb/devices"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Root: root}).Scan(); err == nil {
		t.Error("a file in place of the folder gave no error")
	}
}

func TestScanLeavesOutWhatHasGoneAndWhatIsNone(t *testing.T) {
	s := newSysfs(t)
	s.add("1-1", camera)
	s.add("1-2", attrs{"idVendor": "046d\n"})                        // half gone
	s.add("1-3", attrs{"idVendor": "zzzz\n", "idProduct": "0001\n"}) // nonsense
	for _, name := range []string{"usb", "usb01", "1-", "-1", "1-1.", "1-0", "1-1.2.3.4.5.6.7.8.9", "a-1", "ep_00", "usbmon"} {
		s.add(name, camera)
	}
	if err := os.Symlink("../gone", filepath.Join(s.root, "sys/bus/usb/devices/1-4")); err != nil {
		t.Fatal(err)
	}
	got := scan(t, s)
	if len(got) != 1 || got[0].Name != "1-1" {
		t.Errorf("found %+v", got)
	}
}

func TestScanOddValues(t *testing.T) {
	s := newSysfs(t)
	s.add("3-1", attrs{
		"idVendor": "ffff", "idProduct": "0000", "speed": "unknown\n", "version": "two\n", "bDeviceClass": "zz", "devnum": "-4", "maxchild": "99999999999",
		"authorized": "0\n", "bConfigurationValue": "\n", "bMaxPower": "lots", "product": " \xff\xfe caf\xc3\xa9 \x00\n", "port/over_current_count": "x",
		"bos_descriptors": "\x05\x0f\xff\xff\x02",
	})
	got := scan(t, s)
	if len(got) != 1 {
		t.Fatalf("found %+v", got)
	}
	d := got[0]
	if d.SpeedMbps != 0 || d.Version != 0 || d.Class != 0 || d.Number != 0 || d.Ports != 0 || d.Authorized || d.Configured || d.MaxPowerMA != 0 ||
		d.OverCurrents != 0 || len(d.Warnings) != 0 || !utf8.ValidString(d.Product) || d.Product != "\uFFFD caf\u00e9" {
		t.Errorf("got %+v, product %q", d, d.Product)
	}
}

func TestCoral(t *testing.T) {
	s := newSysfs(t)
	s.add("2-1", coral)
	s.add("1-4", coral.with(attrs{"idVendor": "1a6e\n", "idProduct": "089a\n", "speed": "480\n", "version": " 2.10\n"}))
	s.add("1-5", coral.with(attrs{"idVendor": "18d1\n", "idProduct": "9303\n"}))
	got := scan(t, s)
	if got[0].Kind != KindCoral || got[1].Kind != KindUSB || got[2].Kind != KindCoral {
		t.Fatalf("kinds of %+v", got)
	}
	if w := got[0].Warnings; len(w) != 1 || w[0].Code != WarningSpeedLow {
		t.Errorf("slow one: %+v", w)
	}
	if w := got[2].Warnings; len(w) != 0 {
		t.Errorf("fast one: %+v", w)
	}
}

func TestDescription(t *testing.T) {
	for _, tt := range []struct{ manufacturer, product, want string }{
		{"Example", "webcam", "Example webcam"}, {"Example", "EXAMPLE webcam", "EXAMPLE webcam"}, {"", "webcam", "webcam"},
		{"Example", "", "Example"}, {"", "", ""}, {"Example", "Example", "Example"},
	} {
		if got := (Device{Manufacturer: tt.manufacturer, Product: tt.product}).Description(); got != tt.want {
			t.Errorf("%q and %q give %q", tt.manufacturer, tt.product, got)
		}
	}
}

func TestNames(t *testing.T) {
	sorted := []string{"usb1", "1-1", "1-1.1", "1-1.2", "1-1.2.1", "1-1.10", "1-2", "1-10", "usb2", "2-1", "usb10", "10-1"}
	shuffled := slices.Clone(sorted)
	slices.Reverse(shuffled)
	slices.SortFunc(shuffled, compareNames)
	if !slices.Equal(shuffled, sorted) {
		t.Errorf("sorted %v", shuffled)
	}
	for name, want := range map[string]string{"usb1": "", "1-1": "usb1", "10-3": "usb10", "1-1.2": "1-1", "1-1.2.10": "1-1.2"} {
		if got := parentOf(name); got != want {
			t.Errorf("parent of %s is %q", name, got)
		}
	}
}

func TestTree(t *testing.T) {
	s := newSysfs(t)
	for _, name := range []string{"usb1", "usb2"} {
		s.add(name, rootHub)
	}
	for _, name := range []string{"1-1", "1-1.4"} {
		s.add(name, hub)
	}
	for _, name := range []string{"1-1.4.1", "1-1.2", "1-1.10", "1-3", "3-1"} {
		s.add(name, camera)
	}
	var lines []string
	var walk func([]Node, string)
	walk = func(nodes []Node, indent string) {
		for _, n := range nodes {
			lines = append(lines, indent+n.Device.Name)
			walk(n.Children, indent+" ")
		}
	}
	walk(Tree(scan(t, s)), "")
	want := []string{"usb1", " 1-1", "  1-1.2", "  1-1.4", "   1-1.4.1", "  1-1.10", " 1-3", "usb2", "3-1"}
	if !slices.Equal(lines, want) {
		t.Errorf("tree %q", lines)
	}
	if Tree(nil) != nil {
		t.Error("a tree of nothing")
	}
}

func FuzzParseName(f *testing.F) {
	for _, name := range []string{"usb1", "1-1.2", "1-0:1.0", "1-1.", "99999-1"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, ok := parseName(name)
		if !ok {
			return
		}
		if p.bus < 1 || len(p.ports) > maxDepth || slices.Contains(p.ports, 0) {
			t.Fatalf("%q gave %+v", name, p)
		}
		if parent := parentOf(name); parent != "" {
			if q, ok := parseName(parent); !ok || q.bus != p.bus || compareNames(parent, name) >= 0 {
				t.Fatalf("%q has parent %q", name, parent)
			}
		} else if len(p.ports) != 0 {
			t.Fatalf("%q has no parent", name)
		}
	})
}
