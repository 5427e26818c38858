package i2c

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// add makes a folder below sys/devices and a link to it where the kernel lists
// it. A value "->x" makes a symbolic link, "/" a folder.
func add(t *testing.T, root, folder string, files map[string]string) {
	t.Helper()
	real := filepath.Join(root, "sys/devices", folder)
	list := filepath.Join(root, devicesDir)
	var errs []error
	errs = append(errs, os.MkdirAll(real, 0o755), os.MkdirAll(list, 0o755))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path, value := filepath.Join(real, name), files[name]
		errs = append(errs, os.MkdirAll(filepath.Dir(path), 0o755))
		if target, isLink := strings.CutPrefix(value, "->"); isLink {
			errs = append(errs, os.Symlink(target, path))
		} else if value == "/" {
			errs = append(errs, os.MkdirAll(path, 0o755))
		} else {
			errs = append(errs, os.WriteFile(path, []byte(value), 0o444))
		}
	}
	errs = append(errs, os.Symlink("../../../devices/"+folder, filepath.Join(list, filepath.Base(folder))))
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRead(t *testing.T) {
	root := t.TempDir()
	add(t, root, "soc/i2c-10", map[string]string{"name": "mux channel 2\n"})
	add(t, root, "soc/i2c-1", map[string]string{"name": "bcm2835 (i2c@7e804000)\n", "i2c-dev/i2c-1": "/", "of_node/label": "sensors\x00"})
	add(t, root, "soc/i2c-1/1-0068", map[string]string{"name": "icm20948\n", "modalias": "of:NimuT(null)Cinvensense,icm20948\n", "driver": "->../../../bus/i2c/drivers/inv-mpu", "iio:device0": "/", "hwmon": "a file\n"})
	add(t, root, "soc/i2c-1/1-0048", map[string]string{"name": "lm75\n", "hwmon": "/", "driver": "->../lm75"})
	add(t, root, "soc/i2c-10/10-a123", map[string]string{"name": "odd\xff\n"})
	add(t, root, "pci/i2c-3/i2c-INT33FC:00", map[string]string{"name": "INT33FC:00\n", "modalias": "acpi:INT33FC:\n"})
	add(t, root, "pci/elsewhere/i2c-LOST:00", map[string]string{"name": "x\n"})
	add(t, root, "pci/elsewhere/nonsense", map[string]string{"name": "x\n"})
	if err := os.Symlink("../gone", filepath.Join(root, devicesDir, "1-0050")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../gone", filepath.Join(root, devicesDir, "i2c-9")); err != nil {
		t.Fatal(err)
	}
	got, err := Read(root)
	if err != nil {
		t.Fatal(err)
	}
	const dir = "/sys/bus/i2c/devices/"
	want := Inventory{
		Buses: []Bus{
			{Number: 1, Adapter: "bcm2835 (i2c@7e804000)", Label: "sensors", Path: "/dev/i2c-1"},
			{Number: 10, Adapter: "mux channel 2", Label: "i2c-10", Path: dir + "i2c-10"},
		},
		Devices: []Device{
			{Bus: 1, Address: 0x48, Known: true, Path: dir + "1-0048", Driver: "lm75", Kind: "hwmon", Name: "lm75"},
			{Bus: 1, Address: 0x68, Known: true, Path: dir + "1-0068", Driver: "inv-mpu", Kind: "iio", Modalias: "of:NimuT(null)Cinvensense,icm20948", Name: "icm20948"},
			{Bus: 3, Path: dir + "i2c-INT33FC:00", Modalias: "acpi:INT33FC:", Name: "INT33FC:00"},
			{Bus: 10, Address: 0x123, TenBit: true, Known: true, Path: dir + "10-a123", Name: "odd\uFFFD"},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	var hex []string
	for _, d := range got.Devices {
		hex = append(hex, d.AddressHex())
	}
	if !slices.Equal(hex, []string{"0x48", "0x68", "", "0x123"}) {
		t.Errorf("addresses %q", hex)
	}
}

func TestReadWithoutI2C(t *testing.T) {
	inv, err := Read(t.TempDir())
	if err != nil || len(inv.Buses)+len(inv.Devices) != 0 {
		t.Errorf("got %+v, %v", inv, err)
	}
}

func TestReadUnreadable(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "sys/bus/i2c"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, devicesDir), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(root); err == nil {
		t.Error("a file in place of the folder gave no error")
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"i2c-1", "1-0048", "1-a123", "i2c-", "-0048", "1-48", "+1-0048", "i2c-99999999999"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		n, isBus := busNumber(name)
		bus, _, isChip := chipAddress(name)
		if isBus && isChip || n < 0 || bus < 0 {
			t.Fatalf("%q: bus %v %d, chip %v %d", name, isBus, n, isChip, bus)
		}
		if isBus && !strings.HasPrefix(name, "i2c-") || isChip && len(name) < 6 {
			t.Fatalf("%q was accepted", name)
		}
	})
}
