package telemetry_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/source/telemetry"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func read(t *testing.T, r *telemetry.Reader) telemetry.Sample {
	t.Helper()
	s, err := r.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start returns a reader of a tree whose filesystems all have the same size.
func start(t *testing.T, tree *faketree.FS, opts telemetry.Options) *telemetry.Reader {
	t.Helper()
	opts.Root = tree.Root
	r := telemetry.New(opts)
	telemetry.SetStatfs(r, func(string) telemetry.Space { return telemetry.Space{Total: 100, Used: 30, Free: 65} })
	t.Cleanup(r.Close)
	return r
}

func ptr[T any](v T) *T { return &v }

func TestContainer(t *testing.T) {
	tree := faketree.Build(t, container())
	synctest.Test(t, func(t *testing.T) {
		got := read(t, start(t, tree, telemetry.Options{}))
		want := telemetry.Sample{
			Time:         got.Time,
			CPU:          telemetry.CPU{Cores: []telemetry.Core{{ID: 0}}},
			Memory:       telemetry.Memory{Total: 1000 << 10, Used: 400 << 10, Free: 600 << 10},
			Disks:        []telemetry.Disk{},
			Temperatures: []telemetry.Temperature{},
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

func TestRaspberryPi(t *testing.T) {
	tree := faketree.Build(t, raspberryPi())
	synctest.Test(t, func(t *testing.T) {
		r := start(t, tree, telemetry.Options{})
		read(t, r)
		tree.Write("proc/stat", "cpu  500 0 200 1600 100 0 0 0 0 0\ncpu0 200 0 50 350 0 0 0 0 0 0\ncpu1 100 0 50 450 0 0 0 0 0 0\ncpu3 125 0 0 475 0 0 0 0 0 0\n")
		tree.Write("proc/net/dev", netDev("  eth0: 11000 9 0 0 0 0 0 0 1000 8 0 0 0 0 0 0\n wlan0: 100 1 0 0 0 0 0 0 200 1 0 0 0 0 0 0\n"))
		tree.Write("sys/devices/v3d/gpu_stats", "queue\ttimestamp\tjobs\truntime\nbin\t2000000000\t5\t100\nrender\t2000000000\t9\t250005000\n")
		tree.Write("sys/devices/virtual/thermal/thermal_zone0/temp", "60000\n")
		time.Sleep(2 * time.Second) // virtual time
		s := read(t, r)
		mhz := ptr(uint64(1800))
		wantCPU := telemetry.CPU{
			UsagePercent: 50,
			Temperature:  ptr(60.0),
			Throttle:     &telemetry.Throttle{Raw: 0x50005},
			Cores: []telemetry.Core{ // core 2 was switched off
				{ID: 0, UsagePercent: 100, FrequencyMHz: mhz},
				{ID: 1, UsagePercent: 0, FrequencyMHz: mhz},
				{ID: 3, UsagePercent: 25, FrequencyMHz: mhz},
			},
		}
		if !reflect.DeepEqual(s.CPU, wantCPU) {
			t.Errorf("cpu %+v", s.CPU)
		}
		eth0 := telemetry.Counters{RxBytes: 2000, TxBytes: 200, TotalRxBytes: 11000, TotalTxBytes: 1000, RxPerSecond: 1000, TxPerSecond: 100}
		wantNetwork := &telemetry.Network{
			Counters: telemetry.Counters{RxBytes: 2000, TxBytes: 200, TotalRxBytes: 11100, TotalTxBytes: 1200, RxPerSecond: 1000, TxPerSecond: 100},
			Interfaces: []telemetry.Interface{
				{Name: "eth0", MAC: ptr("dc:a6:32:00:00:01"), Counters: eth0},
				{Name: "wlan0", Counters: telemetry.Counters{TotalRxBytes: 100, TotalTxBytes: 200}},
			},
		}
		if !reflect.DeepEqual(s.Network, wantNetwork) {
			t.Errorf("network %+v", s.Network)
		}
		wantDisks := []telemetry.Disk{
			{Mount: "/", Type: "ext4", Total: 100, Used: 30, Free: 65},
			{Mount: "/boot/firmware", Type: "vfat", Total: 100, Used: 30, Free: 65},
			{Mount: "/mnt/nas box", Type: "nfs4", Total: 100, Used: 30, Free: 65},
		}
		if !reflect.DeepEqual(s.Disks, wantDisks) || !reflect.DeepEqual(s.DataDisk, &telemetry.Disk{Total: 300, Used: 90, Free: 195}) {
			t.Errorf("disks %+v, data %+v", s.Disks, s.DataDisk)
		}
		if !reflect.DeepEqual(s.GPU, &telemetry.GPU{UsagePercent: ptr(25.0)}) {
			t.Errorf("gpu %+v", s.GPU)
		}
		if !reflect.DeepEqual(s.Power, &telemetry.Power{Watts: ptr(6.096), Volts: ptr(5.08), Amps: ptr(1.2)}) {
			t.Errorf("power %+v", s.Power)
		}
		if want := []telemetry.Temperature{{Label: "cpu-thermal", Celsius: 60}}; !reflect.DeepEqual(s.Temperatures, want) {
			t.Errorf("temperatures %+v", s.Temperatures)
		}
	})
}

func TestLaptop(t *testing.T) {
	tree := faketree.Build(t, laptop())
	synctest.Test(t, func(t *testing.T) {
		r := start(t, tree, telemetry.Options{})
		s := read(t, r)
		if s.CPU.Temperature == nil || *s.CPU.Temperature != 61.5 || *s.CPU.Cores[0].FrequencyMHz != 3200 || s.CPU.Throttle != nil {
			t.Errorf("cpu %+v", s.CPU)
		}
		wantGPU := &telemetry.GPU{
			UsagePercent: ptr(37.0), Temperature: ptr(48.0), FrequencyMHz: ptr(uint64(1500)),
			Memory: &telemetry.GPUMemory{Total: 8e9, Used: 3e9, Free: 5e9},
		}
		if !reflect.DeepEqual(s.GPU, wantGPU) {
			t.Errorf("gpu %+v", s.GPU)
		}
		if !reflect.DeepEqual(s.Power, &telemetry.Power{Watts: ptr(18.0), Volts: ptr(12.0), Amps: ptr(1.5)}) {
			t.Errorf("power %+v", s.Power)
		}
		wantTemperatures := []telemetry.Temperature{
			{Label: "acpitz", Celsius: 40}, {Label: "k10temp Tctl", Celsius: 61.5}, {Label: "k10temp Tccd1", Celsius: 70},
			{Label: "nvme Composite", Celsius: 35.85}, {Label: "amdgpu edge", Celsius: 48},
		}
		if !reflect.DeepEqual(s.Temperatures, wantTemperatures) {
			t.Errorf("temperatures %+v", s.Temperatures)
		}

		// Charging: what flows into the battery is not what the laptop takes. The
		// graphics card sleeps and must not be woken up. The drive is not asked
		// again so soon.
		tree.Write("sys/class/power_supply/BAT0/status", "Charging\n")
		tree.Write("sys/devices/pci/gpu/power/runtime_status", "suspended\n")
		tree.Write("sys/devices/nvme/temp1_input", "36000\n")
		tree.Write("sys/class/thermal/thermal_zone1/temp", "45000\n")
		time.Sleep(time.Second)
		s = read(t, r)
		if s.Power != nil || !reflect.DeepEqual(s.GPU, &telemetry.GPU{UsagePercent: ptr(0.0)}) {
			t.Errorf("power %+v, gpu %+v", s.Power, s.GPU)
		}
		wantTemperatures = []telemetry.Temperature{
			{Label: "acpitz", Celsius: 40}, {Label: "acpitz 2", Celsius: 45}, {Label: "k10temp Tctl", Celsius: 61.5},
			{Label: "k10temp Tccd1", Celsius: 70}, {Label: "nvme Composite", Celsius: 35.85},
		}
		if !reflect.DeepEqual(s.Temperatures, wantTemperatures) {
			t.Errorf("temperatures %+v", s.Temperatures)
		}
		time.Sleep(10 * time.Second)
		if s = read(t, r); s.Temperatures[4].Celsius != 36 {
			t.Errorf("the drive's temperature after 11 s: %+v", s.Temperatures)
		}
	})
}

// TestHotPlug takes sensors away and adds others.
func TestHotPlug(t *testing.T) {
	tree := faketree.Build(t, raspberryPi())
	synctest.Test(t, func(t *testing.T) {
		r := start(t, tree, telemetry.Options{})
		read(t, r)
		tree.Remove("sys/class/hwmon/hwmon2")
		tree.Remove("sys/class/thermal/thermal_zone0")
		tree.Remove("sys/class/hwmon/hwmon0") // the same sensor in another guise
		tree.Remove("sys/devices/platform/soc/soc:firmware/get_throttled")
		tree.Write("sys/class/hwmon/hwmon7/name", "coretemp\n")
		tree.Write("sys/class/hwmon/hwmon7/temp1_label", "Package id 0\n")
		tree.Write("sys/class/hwmon/hwmon7/temp1_input", "33000\n")
		time.Sleep(10 * time.Second)
		s := read(t, r)
		if s.Power != nil || s.CPU.Throttle != nil || s.CPU.Temperature == nil || *s.CPU.Temperature != 33 {
			t.Errorf("power %+v, cpu %+v", s.Power, s.CPU)
		}
		if want := []telemetry.Temperature{{Label: "coretemp Package id 0", Celsius: 33}}; !reflect.DeepEqual(s.Temperatures, want) {
			t.Errorf("temperatures %+v", s.Temperatures)
		}
	})
}

func TestFirstSampleTellsOfNowOnly(t *testing.T) {
	tree := faketree.Build(t, raspberryPi())
	synctest.Test(t, func(t *testing.T) {
		r := start(t, tree, telemetry.Options{})
		for range 2 { // the second time after a pause
			began := time.Now()
			time.AfterFunc(100*time.Millisecond, func() {
				tree.Write("proc/stat", "cpu  403 0 100 1501 0 0 0 0 0 0\ncpu0 102 0 51 350 0 0 0 0 0 0\n")
				tree.Write("proc/net/dev", netDev("  eth0: 9500 9 0 0 0 0 0 0 800 8 0 0 0 0 0 0\n"))
			})
			s := read(t, r)
			if s.CPU.UsagePercent != 75 || s.CPU.Cores[0].UsagePercent != 100 {
				t.Errorf("usage %+v", s.CPU)
			}
			if s.Network.RxBytes != 500 || s.Network.RxPerSecond != 2500 {
				t.Errorf("network %+v", s.Network)
			}
			if took := time.Since(began); took != 200*time.Millisecond || s.Time.Sub(began) != took {
				t.Errorf("the sample took %v", took)
			}
			tree.Write("proc/stat", raspberryPi().Files["proc/stat"])
			tree.Write("proc/net/dev", raspberryPi().Files["proc/net/dev"])
			time.Sleep(time.Minute)
		}
		// Two readings within one tick keep the usage.
		before := read(t, r)
		if now := read(t, r); now.CPU.UsagePercent != before.CPU.UsagePercent {
			t.Errorf("usage %v, before %v", now.CPU.UsagePercent, before.CPU.UsagePercent)
		}
	})
}

func TestCountersThatStartAgainAndInterfacesThatVanish(t *testing.T) {
	tree := faketree.Build(t, raspberryPi())
	line := func(rx, tx string) string { return "  eth0: " + rx + " 9 0 0 0 0 0 0 " + tx + " 8 0 0 0 0 0 0\n" }
	synctest.Test(t, func(t *testing.T) {
		r := start(t, tree, telemetry.Options{})
		read(t, r)
		step := func(lines string) *telemetry.Network {
			tree.Write("proc/net/dev", netDev(lines))
			time.Sleep(time.Second)
			return read(t, r).Network
		}
		if n := step(line("400", "900")); n.RxBytes != 400 || n.TotalRxBytes != 9400 || n.TxBytes != 100 || n.TotalTxBytes != 900 {
			t.Errorf("after a reset: %+v", n)
		}
		if n := step(line("500", "900")); n.RxBytes != 100 || n.TotalRxBytes != 9500 {
			t.Errorf("after that: %+v", n)
		}
		if n := step(""); n != nil {
			t.Errorf("no interface: %+v", n)
		}
		if n := step(line("7000", "1") + " u\xffsb: 50 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"); n.RxBytes != 0 || n.TotalRxBytes != 7050 || n.Interfaces[1].Name != "u\uFFFDsb" {
			t.Errorf("a new interface: %+v", n)
		}
		tree.Write("sys/class/net/eth0/address", "02:00:00:00:00:07\n")
		time.Sleep(9 * time.Second)
		if n := step(line("7000", "1")); *n.Interfaces[0].MAC != "02:00:00:00:00:07" {
			t.Errorf("changed address: %+v", *n.Interfaces[0].MAC)
		}
	})
}

// TestHangingFilesystems lets some filesystems hang and come back.
func TestHangingFilesystems(t *testing.T) {
	tree := faketree.Build(t, raspberryPi())
	nas := filepath.Join(tree.Root, "mnt/nas box")
	synctest.Test(t, func(t *testing.T) {
		r := telemetry.New(telemetry.Options{Root: tree.Root, DataDir: "/data"})
		defer r.Close()
		hang := make(chan chan struct{}, 1) // holds what the next call waits for
		size := uint64(100)
		telemetry.SetStatfs(r, func(path string) telemetry.Space {
			if path == nas {
				select {
				case wait := <-hang:
					<-wait
				default:
				}
			}
			return telemetry.Space{Total: size, Used: 1, Free: 2}
		})
		find := func(s telemetry.Sample) *telemetry.Disk {
			for _, d := range s.Disks {
				if d.Mount == "/mnt/nas box" {
					return &d
				}
			}
			return nil
		}
		if d := find(read(t, r)); d == nil || d.Stale || d.Total != 100 {
			t.Fatalf("answers: %+v", d)
		}
		release := make(chan struct{})
		hang <- release
		for i := range 3 {
			time.Sleep(time.Second)
			began := time.Now()
			s := read(t, r)
			if d := find(s); d == nil || !d.Stale || d.Total != 100 || s.Disks[0].Stale {
				t.Fatalf("hangs: %+v", s.Disks)
			}
			if s.DataDisk.Mount != "/data" || s.DataDisk.Stale || s.DataDisk.Total != 100 {
				t.Errorf("data: %+v", s.DataDisk)
			}
			// Only the first sample waits.
			if took, limit := time.Since(began), 150*time.Millisecond; (i == 0 && took != limit) || (i > 0 && took != 0) {
				t.Errorf("sample %d took %v", i, took)
			}
		}
		size = 200
		close(release)
		synctest.Wait()
		if d := find(read(t, r)); d == nil || d.Stale || d.Total != 200 {
			t.Errorf("answers again: %+v", d)
		}
		// One that hangs from the start is left out, and so is one that is unmounted.
		tree.Write("proc/self/mountinfo", "26 21 0:41 / /mnt/nas\\040box rw - nfs4 nas:/other rw\n")
		time.Sleep(30 * time.Second)
		if s := read(t, r); len(s.Disks) != 1 {
			t.Errorf("unmounted: %+v", s.Disks)
		}
	})
}

func TestManyHangingFilesystems(t *testing.T) {
	var table strings.Builder
	table.WriteString("1 0 8:1 / / rw - ext4 /dev/sda1 rw\n")
	for i := range 40 {
		name := string(rune('A' + i))
		table.WriteString("2 1 0:" + string(rune('1'+i)) + " / /mnt/" + name + " rw - nfs s:/ rw\n")
	}
	tree := faketree.Build(t, container().Plus(faketree.Tree{Files: faketree.Files{"proc/self/mountinfo": table.String()}}))
	synctest.Test(t, func(t *testing.T) {
		r := telemetry.New(telemetry.Options{Root: tree.Root})
		defer r.Close()
		release, calls := make(chan struct{}), make(chan string, 1000)
		telemetry.SetStatfs(r, func(path string) telemetry.Space {
			calls <- path
			if strings.Contains(path, "/mnt/") {
				<-release
			}
			return telemetry.Space{Total: 100, Used: 1, Free: 1}
		})
		for range 5 {
			if s := read(t, r); len(s.Disks) != 1 || s.Disks[0].Stale {
				t.Errorf("the local one: %+v", s.Disks)
			}
			time.Sleep(time.Second)
		}
		if n := len(calls); n > 41+6 {
			t.Errorf("%d calls of which most hang", n)
		}
		close(release)
		synctest.Wait()
		if s := read(t, r); len(s.Disks) != 41 {
			t.Errorf("%d disks after all answer", len(s.Disks))
		}
	})
}

func TestErrors(t *testing.T) {
	r := telemetry.New(telemetry.Options{Root: t.TempDir()})
	defer r.Close()
	if _, err := r.Read(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no /proc: %v", err)
	}
	tree := faketree.Build(t, container())
	r = start(t, tree, telemetry.Options{})
	cause := errors.New("nobody watches")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := r.Read(ctx); !errors.Is(err, cause) {
		t.Errorf("cancelled: %v", err)
	}
	read(t, r)
	r.Close()
	read(t, r)
	tree.Write("proc/meminfo", "nonsense")
	if _, err := r.Read(t.Context()); err == nil {
		t.Error("memory out of nothing")
	}
}
