package channels

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

func sample(t *testing.T, s *device.Socket) wire.TelemetrySample {
	t.Helper()
	return decode[wire.TelemetrySample](t, s.Next())
}

// 3.1: no ready message and no type; what a sample tells is this machine.
func TestTelemetrySample(t *testing.T) {
	d := start(t)
	before := time.Now().UnixMilli()
	s := d.Dial("/v1/ws/telemetry?interval_ms=250")
	m := s.Next()
	if _, typed := m.Map()["type"]; typed {
		t.Errorf("a sample has a type: %s", m.Data)
	}
	v := decode[wire.TelemetrySample](t, m)
	if at := int64(v.TimestampMS); at < before || at > time.Now().UnixMilli() {
		t.Errorf("the sample was taken at %d, asked at %d", at, before)
	}
	if total := 1024 * meminfo(t, "MemTotal:"); v.Memory.TotalBytes != total || v.Memory.FreeBytes != total-v.Memory.UsedBytes || v.Memory.UsedBytes == 0 {
		t.Errorf("memory %+v of %d", v.Memory, total)
	}
	cores, _ := os.ReadFile("/proc/stat")
	if want := strings.Count("\n"+string(cores), "\ncpu") - 1; len(v.CPU.Cores) != want {
		t.Errorf("%d cores, want %d", len(v.CPU.Cores), want)
	}
	if v.CPU.UsagePercent < 0 || v.CPU.UsagePercent > 100 {
		t.Errorf("usage %v", v.CPU.UsagePercent)
	}
	if v.Disk == nil || v.Disk.TotalBytes == 0 || len(v.Disks) == 0 {
		t.Errorf("disk %v, disks %v", v.Disk, v.Disks)
	}
	for _, key := range []string{"timestamp_ms", "cpu", "memory", "disks"} { // R, also when empty
		if _, there := m.Map()[key]; !there {
			t.Errorf("%s is missing: %s", key, m.Data)
		}
	}
	for _, core := range m.Map()["cpu"].(map[string]any)["cores"].([]any) { // N: the key is there
		for _, key := range []string{"frequency_mhz", "label"} {
			if _, there := core.(map[string]any)[key]; !there {
				t.Errorf("%s is missing: %v", key, core)
			}
		}
	}
	checkNetwork(t, v.Network)
}

func meminfo(t *testing.T, field string) uint64 {
	t.Helper()
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), field)
	n, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func checkNetwork(t *testing.T, n *wire.Network) {
	t.Helper()
	if n == nil {
		return // a machine without a network
	}
	var sum wire.Traffic
	for _, i := range n.Interfaces {
		sum.TotalRxBytes += i.TotalRxBytes
		sum.TotalTxBytes += i.TotalTxBytes
		sum.RxBytes += i.RxBytes
	}
	if sum.TotalRxBytes != n.TotalRxBytes || sum.TotalTxBytes != n.TotalTxBytes || sum.RxBytes != n.RxBytes {
		t.Errorf("the totals %+v are not the sum over the interfaces %+v", n.Traffic, sum)
	}
}

// 3.1: the sample follows what the machine does.
func TestTelemetryShowsLoad(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/telemetry?interval_ms=250")
	stop := make(chan struct{})
	defer close(stop)
	go func() { // one core's worth of work
		for {
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	s.Find("a busy core", func(m device.Message) bool {
		v := decode[wire.TelemetrySample](t, m)
		busy := 0.0
		for _, c := range v.CPU.Cores {
			busy += c.UsagePercent
		}
		return busy > 60 && v.CPU.UsagePercent > 0
	})
}

// 3.1: a message comes every interval, with the newest sample. Who asks for less
// gets less, from the same sampler.
func TestTelemetryIntervals(t *testing.T) {
	t.Parallel()
	d := start(t)
	fast, slow, odd := d.Dial("/v1/ws/telemetry?interval_ms=250"), d.Dial("/v1/ws/telemetry?interval_ms=1000"), d.Dial("/v1/ws/telemetry?interval_ms=400")
	for _, s := range []*device.Socket{fast, slow, odd} {
		sample(t, s)
	}
	for _, s := range []*device.Socket{fast, slow, odd} {
		s.Pending()
	}
	last := uint64(0)
	for range 17 {
		v := sample(t, fast)
		if v.TimestampMS < last {
			t.Errorf("samples go back from %d to %d", last, v.TimestampMS)
		}
		last = v.TimestampMS
	}
	// 17 messages at 250 ms are 4 to 4.25 s.
	if n := len(slow.Pending()); n < 3 || n > 5 {
		t.Errorf("%d messages at 1000 ms", n)
	}
	if n := len(odd.Pending()); n < 9 || n > 12 {
		t.Errorf("%d messages at 400 ms", n)
	}
}

// 3.1, 9.1: the first sample comes within one period, also for who asks for
// the longest interval; alone it gets no second one soon.
func TestTelemetryFirstSample(t *testing.T) {
	d := start(t)
	s := d.Dial("/v1/ws/telemetry?interval_ms=10000")
	if _, err := s.TryNext(2 * time.Second); err != nil {
		t.Fatalf("no sample: %v", err)
	}
	other := d.Dial("/v1/ws/telemetry?interval_ms=250")
	for range 4 {
		other.Next()
	}
	if n := len(s.Pending()); n > 1 { // two at the start are allowed
		t.Errorf("%d messages within a second at 10 s", n)
	}
}

// 3.1: what a board with more hardware tells: temperature, throttling, power.
func TestTelemetryOfABoard(t *testing.T) {
	b := newBoard(t)
	b.file("thermal/thermal_zone0/type", "cpu-thermal\n")
	b.file("thermal/thermal_zone0/temp", "51200\n")
	b.file("platform/soc/soc:firmware/get_throttled", "50005\n")
	b.file("power_supply/usb/type", "USB\n")
	b.file("power_supply/usb/online", "1\n")
	b.file("power_supply/usb/voltage_now", "5080000\n")
	b.file("power_supply/usb/current_now", "1200000\n")
	d := b.start()
	v := sample(t, d.Dial("/v1/ws/telemetry"))
	if v.CPU.TemperatureC == nil || *v.CPU.TemperatureC != 51.2 {
		t.Errorf("temperature %v", v.CPU.TemperatureC)
	}
	want := wire.Throttle{Raw: 0x50005, Undervoltage: true, Throttled: true, UndervoltageSinceBoot: true, ThrottledSinceBoot: true}
	if v.CPU.Throttle == nil || *v.CPU.Throttle != want {
		t.Errorf("throttle %+v, want %+v", v.CPU.Throttle, want)
	}
	if p := v.Power; p == nil || p.Volts == nil || *p.Volts != 5.08 || p.Amps == nil || *p.Amps != 1.2 {
		t.Errorf("power %+v", v.Power)
	}
}
