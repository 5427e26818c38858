package host_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
	"github.com/heliograph/heliograph/internal/source/host"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

func raspberryPi() faketree.Tree {
	return faketree.Tree{Files: faketree.Files{
		"usr/lib/os-release":            "PRETTY_NAME=\"Raspberry Pi OS\"\nVERSION_ID='12'\nBUILD_ID=2031.04\n",
		"etc/hostname":                  "stored\n",
		"proc/sys/kernel/hostname":      "pi\n",
		"proc/sys/kernel/osrelease":     "6.12.20+rpt-rpi-v8\n",
		"proc/uptime":                   "350735.47 234388.90\n",
		"proc/stat":                     "cpu 1 2 3 4\nbtime 1930000000\n",
		"proc/device-tree/model":        "Raspberry Pi 4 Model B Rev 1.4\x00",
		"proc/self/mountinfo":           "1 0 0:2 / / rw - rootfs rootfs rw\n21 1 179:2 / / rw - ext4 /dev/root rw\n",
		"sys/dev/block/179:2/uevent":    "MAJOR=179\nMINOR=2\nDEVNAME=mmcblk0p2\nDEVTYPE=partition\n",
		"sys/class/dmi/id/product_name": "must not be used\n",
	}}
}

func TestRaspberryPi(t *testing.T) {
	root := faketree.Build(t, raspberryPi()).Root
	if got, err := host.ReadOS(root); err != nil || got != (host.OS{PrettyName: "Raspberry Pi OS", VersionID: "12", BuildID: "2031.04", ActiveRoot: "/dev/mmcblk0p2"}) {
		t.Errorf("system %+v, %v", got, err)
	}
	if got, err := host.Hostname(root); err != nil || got != "pi" {
		t.Errorf("name %q, %v", got, err)
	}
	if got, err := host.Kernel(root); err != nil || got != "6.12.20+rpt-rpi-v8" {
		t.Errorf("kernel %q, %v", got, err)
	}
	if got, err := host.Uptime(root); err != nil || got != 350735470*time.Millisecond {
		t.Errorf("uptime %v, %v", got, err)
	}
	if got, err := host.BootTime(root); err != nil || got.Unix() != 1930000000 {
		t.Errorf("boot time %v, %v", got, err)
	}
	if got := host.Model(root); got != "Raspberry Pi 4 Model B Rev 1.4" {
		t.Errorf("model %q", got)
	}
}

func TestModelOfFirmware(t *testing.T) {
	for want, files := range map[string]faketree.Files{
		"LENOVO 20XW":        {"sys/class/dmi/id/sys_vendor": "LENOVO\n", "sys/class/dmi/id/product_name": "20XW\n"},
		"HP EliteBook":       {"sys/class/dmi/id/sys_vendor": "HP\n", "sys/class/dmi/id/product_name": "HP EliteBook\n"},
		"ASRock B550M":       {"sys/class/dmi/id/sys_vendor": "To Be Filled By O.E.M.\n", "sys/class/dmi/id/product_name": "To Be Filled By O.E.M.\n", "sys/class/dmi/id/board_vendor": "ASRock\n", "sys/class/dmi/id/board_name": "B550M\n"},
		"":                   {"sys/class/dmi/id/bios_vendor": "x\n"},
		"Board with no DMI?": {"sys/firmware/devicetree/base/model": "Board with no DMI?\x00"},
	} {
		if got := host.Model(faketree.Build(t, faketree.Tree{Files: files}).Root); got != want {
			t.Errorf("model %q, want %q", got, want)
		}
	}
}

func TestNothingIsKnown(t *testing.T) {
	root := t.TempDir()
	_, osErr := host.ReadOS(root)
	_, nameErr := host.Hostname(root)
	_, kernelErr := host.Kernel(root)
	_, uptimeErr := host.Uptime(root)
	_, bootErr := host.BootTime(root)
	for what, err := range map[string]error{"system": osErr, "name": nameErr, "kernel": kernelErr, "uptime": uptimeErr, "boot": bootErr} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := host.Model(root); got != "" {
		t.Errorf("model %q", got)
	}
	bad := faketree.Build(t, faketree.Tree{Files: faketree.Files{"proc/uptime": "soon\n", "proc/stat": "cpu 1 2 3 4\n"}})
	if _, err := host.Uptime(bad.Root); !errors.Is(err, procfile.ErrMalformed) {
		t.Errorf("uptime: %v", err)
	}
	if _, err := host.BootTime(bad.Root); !errors.Is(err, procfile.ErrMalformed) {
		t.Errorf("boot time: %v", err)
	}
}

func TestActiveRoot(t *testing.T) {
	for table, want := range map[string]string{
		"1 0 8:1 / / rw - ext4 /dev/sda1 rw\n":         "/dev/sda1",
		"1 0 0:30 / / rw - overlay overlay rw\n":       "",
		"1 0 ../..:1 / / rw - ext4 /dev/root rw\n":     "",
		"1 0 9:9 / / rw - ext4 /dev/root rw\n":         "",
		"1 0 8:1 / /home rw - ext4 /dev/sda1 rw\n":     "",
		"1 0 253:0 / / rw - ext4 /dev/mapper/v-r rw\n": "/dev/mapper/v-r",
	} {
		tree := faketree.Build(t, faketree.Tree{Files: faketree.Files{"etc/os-release": "NAME=x\n", "proc/self/mountinfo": table}})
		if got, err := host.ReadOS(tree.Root); err != nil || got != (host.OS{PrettyName: "x", ActiveRoot: want}) {
			t.Errorf("%q: %+v, %v", table, got, err)
		}
	}
}

func TestValidHostname(t *testing.T) {
	label63 := strings.Repeat("a", 63)
	for _, name := range []string{"a", "pi4", "9box", "My-Host", "a.b-c.d", label63, "123"} {
		if err := host.ValidHostname(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "-a", "a-", "a.-b", "a..b", ".a", "a.", "a_b", "a b", "a\n", "ü", "a/b", "a\x00", label63 + "a", label63 + ".b", "10.0.0.1", "::1"} {
		if err := host.ValidHostname(name); !errors.Is(err, host.ErrInvalidHostname) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestSetHostname(t *testing.T) {
	tree := faketree.Build(t, raspberryPi())
	stored := func() string {
		text, err := os.ReadFile(filepath.Join(tree.Root, "etc/hostname"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := host.SetHostname(tree.Root, "bad name"); !errors.Is(err, host.ErrInvalidHostname) || stored() != "stored\n" {
		t.Errorf("bad name: %v, stored %q", err, stored())
	}
	if err := host.SetHostname(tree.Root, "robot-7"); err != nil || stored() != "robot-7\n" {
		t.Errorf("%v, stored %q", err, stored())
	}
	if got, _ := host.Hostname(tree.Root); got != "robot-7" {
		t.Errorf("name %q", got)
	}
	entries, _ := os.ReadDir(filepath.Join(tree.Root, "etc"))
	if len(entries) != 1 {
		t.Errorf("left over: %v", entries)
	}
	// Where the name cannot be stored, the kernel keeps the old one.
	tree.Remove("etc")
	if err := host.SetHostname(tree.Root, "other"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if got, _ := host.Hostname(tree.Root); got != "robot-7" {
		t.Errorf("name %q after a failure", got)
	}
}

// TestMain plays the part of a process that renames its own machine.
func TestMain(m *testing.M) {
	if how := os.Getenv("HOST_TEST_RENAME"); how != "" {
		rename(how)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// rename runs with its own host name and mounts, and prints what it did.
func rename(how string) {
	err := unix.Mount("none", "/etc", "tmpfs", 0, "")
	if err == nil && how == "bind" {
		// As in containers, the file is a mount of its own.
		err = errors.Join(os.WriteFile("/etc/other", nil, 0o644), os.WriteFile("/etc/hostname", []byte("a much longer name\n"), 0o644),
			unix.Mount("/etc/other", "/etc/hostname", "", unix.MS_BIND, ""))
	}
	if err != nil {
		fmt.Print("prepare: ", err)
		return
	}
	err = host.SetHostname("/", "renamed-"+how)
	name, _ := os.Hostname()
	stored, _ := os.ReadFile("/etc/hostname")
	fmt.Printf("%v %s %s", err, name, stored)
}

// TestSetHostnameForReal renames a machine in namespaces of its own.
func TestSetHostnameForReal(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root for namespaces")
	}
	before, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"file", "bind"} {
		cmd := exec.Command("/proc/self/exe")
		cmd.Env = append(os.Environ(), "HOST_TEST_RENAME="+how)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS, Unshareflags: syscall.CLONE_NEWNS}
		out, err := cmd.CombinedOutput()
		if want := fmt.Sprintf("<nil> renamed-%s renamed-%s\n", how, how); err != nil || string(out) != want {
			t.Errorf("%q, %v; want %q", out, err, want)
		}
	}
	if after, _ := os.Hostname(); after != before {
		t.Errorf("the machine of the test is called %q now", after)
	}
}

func TestThisMachine(t *testing.T) {
	uname, err := exec.Command("uname", "-r").Output()
	if got, readErr := host.Kernel("/"); err != nil || readErr != nil || got != strings.TrimSpace(string(uname)) {
		t.Errorf("kernel %q, %v, %v; uname says %s", got, readErr, err, uname)
	}
	name, err := os.Hostname()
	if got, readErr := host.Hostname("/"); err != nil || readErr != nil || got != name {
		t.Errorf("name %q, want %q", got, name)
	}
	boot, err := host.BootTime("/")
	up, upErr := host.Uptime("/")
	if since := time.Since(boot); err != nil || upErr != nil || (since-up).Abs() > 3*time.Second {
		t.Errorf("booted %v ago, up %v, %v, %v", since, up, err, upErr)
	}
	device, err := exec.Command("findmnt", "-no", "SOURCE", "/").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := host.ReadOS("/"); err != nil || got.PrettyName == "" || (strings.HasPrefix(string(device), "/dev/") && got.ActiveRoot == "") {
		t.Errorf("system %+v, %v; findmnt says %s", got, err, device)
	}
}
