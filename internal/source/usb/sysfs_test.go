package usb

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// attrs are the files of a sysfs folder.
type attrs map[string]string

func (a attrs) with(more attrs) attrs {
	out := maps.Clone(a)
	maps.Copy(out, more)
	return out
}

// sysfs is a small tree with the layout of the kernel's: folders of devices below
// sys/devices, links to them in sys/bus/usb/devices.
type sysfs struct {
	t    testing.TB
	root string
}

func newSysfs(t testing.TB) sysfs {
	s := sysfs{t, t.TempDir()}
	s.mkdir("sys/bus/usb/devices")
	return s
}

func (s sysfs) mkdir(path string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.root, path), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// add makes a device or an interface. Attributes whose value begins with "->" are
// symbolic links.
func (s sysfs) add(name string, a attrs) {
	s.t.Helper()
	folder := filepath.Join("sys/devices/usb", name)
	s.mkdir(folder)
	for attr, value := range a {
		path := filepath.Join(s.root, folder, attr)
		s.mkdir(filepath.Dir(filepath.Join(folder, attr)))
		var err error
		if target, isLink := strings.CutPrefix(value, "->"); isLink {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(value), 0o444)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	// The link last, as the kernel does.
	if err := os.Symlink("../../../devices/usb/"+name, filepath.Join(s.root, "sys/bus/usb/devices", name)); err != nil {
		s.t.Fatal(err)
	}
}

func (s sysfs) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.root, "sys/bus/usb/devices", name)); err != nil {
		s.t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(s.root, "sys/devices/usb", name)); err != nil {
		s.t.Fatal(err)
	}
}

var (
	rootHub = attrs{
		"idVendor": "1d6b\n", "idProduct": "0002\n", "bDeviceClass": "09\n", "bDeviceSubClass": "00\n", "bDeviceProtocol": "01\n",
		"speed": "480\n", "version": " 2.00\n", "maxchild": "4\n", "devnum": "1\n", "busnum": "1\n", "authorized": "1\n",
		"bConfigurationValue": "1\n", "bMaxPower": "0mA\n", "bmAttributes": "e0\n",
		"manufacturer": "Linux 6.1.0 xhci-hcd\n", "product": "xHCI Host Controller\n", "serial": "0000:00:14.0\n",
	}
	hub = attrs{
		"idVendor": "05e3\n", "idProduct": "0608\n", "bDeviceClass": "09\n", "bDeviceSubClass": "00\n", "bDeviceProtocol": "01\n",
		"speed": "480\n", "version": " 2.00\n", "maxchild": "4\n", "devnum": "2\n", "authorized": "1\n",
		"bConfigurationValue": "1\n", "bMaxPower": "100mA\n", "bmAttributes": "e0\n", "product": "USB2.0 Hub\n",
	}
	camera = attrs{
		"idVendor": "046d\n", "idProduct": "0825\n", "bDeviceClass": "ef\n", "bDeviceSubClass": "02\n", "bDeviceProtocol": "01\n",
		"speed": "480\n", "version": " 2.00\n", "maxchild": "0\n", "devnum": "5\n", "authorized": "1\n",
		"bConfigurationValue": "1\n", "bMaxPower": "500mA\n", "bmAttributes": "80\n",
		"manufacturer": "Example\n", "product": "webcam\n", "serial": "0815\n",
	}
	coral = attrs{
		"idVendor": "18d1\n", "idProduct": "9302\n", "bDeviceClass": "00\n", "speed": "5000\n", "version": " 3.10\n",
		"devnum": "6\n", "bConfigurationValue": "1\n", "bMaxPower": "896mA\n", "bmAttributes": "80\n",
	}
	// The lines behind the first two capabilities are those of a SuperSpeed device.
	superSpeedBOS = string([]byte{
		5, 0x0f, 22, 0, 2,
		7, 0x10, 2, 6, 0, 0, 0,
		10, 0x10, 3, 0, 0x0e, 0, 1, 10, 0xff, 7,
	})
)
