package telemetry

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/procfile"
)

func TestThrottleBits(t *testing.T) {
	bits := map[uint]func(Throttle) bool{
		0: Throttle.Undervoltage, 1: Throttle.FrequencyCapped, 2: Throttle.Throttled, 3: Throttle.SoftTempLimit,
		16: Throttle.UndervoltageSinceBoot, 17: Throttle.FrequencyCappedSinceBoot, 18: Throttle.ThrottledSinceBoot,
		19: Throttle.SoftTempLimitSinceBoot,
	}
	for set := range uint(32) {
		for n, is := range bits {
			if got := is(Throttle{Raw: 1 << set}); got != (n == set) {
				t.Errorf("bit %d set: bit %d is %v", set, n, got)
			}
		}
	}
}

func TestParseThrottle(t *testing.T) {
	for text, want := range map[string]uint32{"0\n": 0, "50005\n": 0x50005, "0x50005": 0x50005, "throttled=0xe0008\n": 0xe0008, "FFFFFFFF": math.MaxUint32} {
		if got, ok := parseThrottle([]byte(text)); !ok || got.Raw != want {
			t.Errorf("%q: %x, %v", text, got.Raw, ok)
		}
	}
	for _, text := range []string{"", "0x", "100000000", "-1", "no"} {
		if got, ok := parseThrottle([]byte(text)); ok {
			t.Errorf("%q: %x", text, got.Raw)
		}
	}
}

func TestRealMounts(t *testing.T) {
	const table = `1 0 0:30 / / rw - overlay overlay rw
2 1 0:31 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw
3 1 8:1 /sub /etc/hosts rw - ext4 /dev/sda1 rw
4 1 8:1 / /very/long/path rw - ext4 /dev/sda1 rw
5 1 8:1 / /short rw - ext4 /dev/sda1 rw
6 1 8:2 / /covered rw - xfs /dev/sda2 rw
7 6 8:3 / /covered rw - btrfs /dev/sda3 rw
8 1 7:0 / /snap/x ro - squashfs /dev/loop0 ro
9 1 0:40 / /run rw - tmpfs tmpfs rw
10 1 0:41 / /home/u/remote rw - fuse.sshfs me@host: rw
11 1 0:42 / /run/user/1/gvfs rw - fuse.gvfsd-fuse gvfsd-fuse rw
12 1 0:43 /@home /pool rw - btrfs /dev/sdb rw
13 1 0:43 /@ /pool-root rw - btrfs /dev/sdb rw
14 1 0:44 / /odd` + "\xff" + ` rw - ext4 /dev/sdc rw`
	want := []mount{
		{point: "/", label: "/", kind: "overlay"},
		{point: "/covered", label: "/covered", kind: "btrfs"},
		{point: "/home/u/remote", label: "/home/u/remote", kind: "fuse.sshfs", remote: true},
		{point: "/odd\xff", label: "/odd\uFFFD", kind: "ext4"},
		{point: "/pool", label: "/pool", kind: "btrfs"},
		{point: "/short", label: "/short", kind: "ext4"},
	}
	if got := realMounts(procfile.ParseMountinfo([]byte(table))); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := realMounts(procfile.ParseMountinfo([]byte("1 0 7:0 / / ro - squashfs /dev/root ro\n"))); len(got) != 1 {
		t.Errorf("a read-only image as the root: %+v", got)
	}
}

func TestTemperatureRanks(t *testing.T) {
	for kind, want := range map[string]int{
		"x86_pkg_temp": 1, "cpu-thermal": 1, "cpu_thermal": 1, "TCPU": 1, "cpu0-thermal": 2, "bigcore0-thermal": 2,
		"soc-thermal": 3, "soc_thermal": 3, "gpu-thermal": 0, "acpitz": 0, "iwlwifi_1": 0, "": 0, "battery": 0, "pch_skylake": 0,
	} {
		if got := zoneRank(kind); got != want {
			t.Errorf("zone %q: %d, want %d", kind, got, want)
		}
	}
	for chip, want := range map[[2]string]int{
		{"coretemp", "Package id 0"}: 1, {"coretemp", "Core 3"}: 2, {"k10temp", "Tctl"}: 2, {"k10temp", "Tdie"}: 1,
		{"k10temp", "Tccd1"}: 3, {"nvme", "Composite"}: 0, {"amdgpu", "edge"}: 0, {"cpu_thermal", ""}: 1,
	} {
		if got := chipRank(chip[0], chip[1]); got != want {
			t.Errorf("chip %q: %d, want %d", chip, got, want)
		}
	}
}

func TestGPUText(t *testing.T) {
	if got := parseClockTable([]byte("0: 500Mhz\n1: 1200Mhz *\n2: 1800Mhz\n")); got == nil || *got != 1200 {
		t.Errorf("clock table: %v", got)
	}
	if got := parseClockTable([]byte("0: 500Mhz\n")); got != nil {
		t.Errorf("no current clock: %v", *got)
	}
	for text, want := range map[string]float64{"45@800000000Hz\n": 45, "7\n": 7, "300@1Hz": 100, "12%": 12} {
		if got := parseLoad([]byte(text)); got == nil || *got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if got := parseLoad([]byte("busy")); got != nil {
		t.Errorf("no load: %v", *got)
	}
}

func TestProductDoesNotRunOver(t *testing.T) {
	if got := product(1<<40, 1<<30); got != math.MaxUint64 {
		t.Error(got)
	}
	if got := product(1<<20, 4096); got != 1<<32 {
		t.Error(got)
	}
	if got := sumOf(math.MaxUint64, 5); got != math.MaxUint64 {
		t.Error(got)
	}
}

func FuzzNetDev(f *testing.F) {
	f.Add([]byte("head|x\n  eth0: 9 1 1 1 1 1 1 1 8 1 1 1 1 1 1 1\n"), []byte("eth0:5 1 1 1 1 1 1 1 9\n"))
	f.Add([]byte("a: 18446744073709551615 1 1 1 1 1 1 1 1\n"), []byte("../..: 1 1 1 1 1 1 1 1 1\n:\n"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		m := networkMeter{sysfs: t.TempDir()}
		for _, text := range [][]byte{first, second} {
			n := m.read(text, m.last.Add(1e9))
			if n == nil {
				continue
			}
			var sum Counters
			for _, i := range n.Interfaces {
				sum.add(i.Counters)
				if strings.ContainsAny(i.Name, "/\n") {
					t.Errorf("name %q", i.Name)
				}
			}
			if sum != n.Counters || len(m.links) > len(n.Interfaces) {
				t.Errorf("%+v", n)
			}
		}
	})
}

func FuzzRealMounts(f *testing.F) {
	f.Add([]byte("1 0 8:1 / /a rw - ext4 /dev/sda1 rw\n2 1 8:1 /x /a rw - xfs s rw\n"))
	f.Fuzz(func(t *testing.T, table []byte) {
		seen := make(map[string]bool)
		for _, m := range realMounts(procfile.ParseMountinfo(table)) {
			if seen[m.point] {
				t.Errorf("%q is listed twice", m.point)
			}
			seen[m.point] = true
		}
	})
}

func FuzzAttributes(f *testing.F) {
	f.Add([]byte("0x50005"))
	f.Add([]byte("1: 1200Mhz *\n"))
	f.Add([]byte("45@800Hz"))
	f.Add([]byte("render 1 2 3"))
	f.Fuzz(func(t *testing.T, text []byte) {
		parseThrottle(text)
		parseClockTable(text)
		parseQueue(text)
		parseIDs(string(text))
		if load := parseLoad(text); load != nil && (*load < 0 || *load > 100) {
			t.Errorf("load %v", *load)
		}
	})
}
