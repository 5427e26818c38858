package telemetry

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// gpuMeter reads one graphics processor. Which driver offers what:
//
//	amdgpu          usage, memory, temperature, frequency
//	i915, xe        frequency
//	v3d             usage from the run time of its queues (Linux 6.8)
//	panfrost, lima, frequency from devfreq, usage where the vendor's driver
//	mali, msm       tells its load
//	any             temperature from its hwmon chip or a thermal zone
type gpuMeter struct {
	card        string
	status      *procfile.File // of runtime power management
	usage       *procfile.File // percent
	load        *procfile.File // "percent@frequencyHz"
	queues      *queueMeter
	temperature *procfile.File
	frequency   *procfile.File
	perMHz      float64 // unit of frequency
	table       *procfile.File
	memTotal    *procfile.File
	memUsed     *procfile.File
}

// findGPU opens the graphics processor that tells most about itself, or returns
// nil if none tells anything.
func findGPU(root string, zones []zone) *gpuMeter {
	drm := filepath.Join(root, "sys/class/drm")
	var best *gpuMeter
	for _, name := range procfile.List(drm) {
		number, isCard := strings.CutPrefix(name, "card")
		if !isCard || !isNumber(number) { // connectors are called card0-HDMI-A-1
			continue
		}
		g := openGPU(filepath.Join(drm, name))
		if best == nil || g.score() > best.score() {
			best, g = g, best
		}
		g.close()
	}
	if best == nil {
		best = &gpuMeter{}
	}
	for _, z := range zones {
		if best.temperature == nil && strings.Contains(strings.ToLower(z.kind), "gpu") {
			best.temperature = openOrNil(filepath.Join(z.dir, "temp"))
		}
	}
	if best.score() == 0 {
		best.close()
		return nil
	}
	return best
}

func openGPU(card string) *gpuMeter {
	device := filepath.Join(card, "device")
	g := &gpuMeter{
		card:     card,
		status:   openOrNil(filepath.Join(device, "power/runtime_status")),
		usage:    openOrNil(filepath.Join(device, "gpu_busy_percent")),
		queues:   openQueues(filepath.Join(device, "gpu_stats")),
		memTotal: openOrNil(filepath.Join(device, "mem_info_vram_total")),
		memUsed:  openOrNil(filepath.Join(device, "mem_info_vram_used")),
	}
	for _, c := range findChips(filepath.Join(device, "hwmon")) {
		if g.temperature == nil {
			g.temperature = openOrNil(filepath.Join(c.dir, "temp1_input"))
		}
		if g.frequency == nil {
			g.frequency, g.perMHz = openOrNil(filepath.Join(c.dir, "freq1_input")), 1e6
		}
	}
	g.openFrequency(card, device)
	return g
}

// openFrequency tries the places of the various drivers.
func (g *gpuMeter) openFrequency(card, device string) {
	for _, name := range procfile.List(filepath.Join(device, "devfreq")) {
		dir := filepath.Join(device, "devfreq", name)
		if g.load == nil {
			g.load = openOrNil(filepath.Join(dir, "load"))
		}
		if g.frequency == nil {
			g.frequency, g.perMHz = openOrNil(filepath.Join(dir, "cur_freq")), 1e6
		}
	}
	for _, path := range []string{
		filepath.Join(card, "gt/gt0/rps_act_freq_mhz"), // i915
		filepath.Join(card, "gt_act_freq_mhz"),         // i915 before 5.18
		filepath.Join(card, "gt_cur_freq_mhz"),
		filepath.Join(device, "tile0/gt0/freq0/act_freq"), // xe
	} {
		if g.frequency == nil {
			g.frequency, g.perMHz = openOrNil(path), 1
		}
	}
	if g.frequency == nil {
		g.table = openOrNil(filepath.Join(device, "pp_dpm_sclk")) // amdgpu without hwmon
	}
}

// score tells how much the processor offers.
func (g *gpuMeter) score() int {
	if g == nil {
		return 0
	}
	score := 0
	if g.usage != nil || g.queues != nil || g.load != nil {
		score += 8
	}
	if g.memTotal != nil && g.memUsed != nil {
		score += 4
	}
	if g.frequency != nil || g.table != nil {
		score += 2
	}
	if g.temperature != nil {
		score++
	}
	return score
}

// read returns the state now, or nil if nothing is known.
func (g *gpuMeter) read() *GPU {
	if g == nil {
		return nil
	}
	if asleep(g.status) {
		// Reading would wake it up. It does nothing, and that is all we know.
		return &GPU{UsagePercent: new(float64)}
	}
	state := GPU{UsagePercent: g.readUsage(), FrequencyMHz: g.readFrequency(), Memory: g.readMemory()}
	if c, ok := celsius(g.temperature); ok {
		state.Temperature = &c
	}
	if state == (GPU{}) {
		return nil
	}
	return &state
}

func (g *gpuMeter) readUsage() *float64 {
	if percent, ok := g.usage.Int(); ok && percent >= 0 {
		usage := min(float64(percent), 100)
		return &usage
	}
	if g.queues != nil {
		return g.queues.read()
	}
	if g.load != nil {
		if text, err := g.load.ReadAttr(); err == nil {
			return parseLoad(text)
		}
	}
	return nil
}

func (g *gpuMeter) readFrequency() *uint64 {
	if f := scaled(g.frequency, g.perMHz); f != nil && *f >= 0 {
		mhz := uint64(*f + 0.5)
		return &mhz
	}
	if g.table != nil {
		if text, err := g.table.ReadAttr(); err == nil {
			return parseClockTable(text)
		}
	}
	return nil
}

func (g *gpuMeter) readMemory() *GPUMemory {
	total, ok := g.memTotal.Int()
	used, usedOK := g.memUsed.Int()
	if !ok || !usedOK || total <= 0 || used < 0 {
		return nil
	}
	used = min(used, total)
	return &GPUMemory{Total: uint64(total), Used: uint64(used), Free: uint64(total - used)}
}

func (g *gpuMeter) close() {
	if g == nil {
		return
	}
	for _, file := range []*procfile.File{g.status, g.usage, g.load, g.temperature, g.frequency, g.table, g.memTotal, g.memUsed} {
		file.Close()
	}
	if g.queues != nil {
		g.queues.file.Close()
	}
}

// parseLoad parses "45@800000000Hz", the load file of several vendors' drivers.
func parseLoad(text []byte) *float64 {
	before, _, _ := bytes.Cut(text, []byte("@"))
	percent, ok := procfile.Int(bytes.TrimSuffix(bytes.TrimSpace(before), []byte("%")))
	if !ok || percent < 0 {
		return nil
	}
	usage := min(float64(percent), 100)
	return &usage
}

// parseClockTable finds the current one of lines like "1: 1200Mhz *".
func parseClockTable(text []byte) *uint64 {
	for len(text) > 0 {
		var line []byte
		line, text = procfile.Line(text)
		_, clock, found := strings.Cut(string(line), ":")
		clock, current := strings.CutSuffix(strings.TrimSpace(clock), "*")
		if !found || !current {
			continue
		}
		clock = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(clock)), "mhz")
		if mhz, err := strconv.ParseUint(clock, 10, 32); err == nil {
			return &mhz
		}
	}
	return nil
}

// queueMeter tells the usage of a v3d from the run time of its queues, which
// work side by side: the busiest counts.
type queueMeter struct {
	file *procfile.File
	last map[string]queueTimes
}

type queueTimes struct{ at, ran uint64 } // nanoseconds

func openQueues(path string) *queueMeter {
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	if file := openOrNil(path); file != nil {
		return &queueMeter{file: file, last: make(map[string]queueTimes)}
	}
	return nil
}

func (m *queueMeter) read() *float64 {
	text, err := m.file.ReadAttr()
	if err != nil {
		return nil
	}
	var usage *float64
	for len(text) > 0 {
		var line []byte
		line, text = procfile.Line(text)
		name, now, ok := parseQueue(line)
		if !ok || len(m.last) >= 64 {
			continue
		}
		then, known := m.last[name]
		m.last[name] = now
		if !known || now.at <= then.at || now.ran < then.ran {
			continue
		}
		percent := min(100*float64(now.ran-then.ran)/float64(now.at-then.at), 100)
		if usage == nil || percent > *usage {
			usage = &percent
		}
	}
	return usage
}

// parseQueue parses a line of gpu_stats: queue, timestamp, jobs, runtime.
func parseQueue(line []byte) (string, queueTimes, bool) {
	name, rest := procfile.Field(line)
	at, rest, ok := procfile.UintField(rest)
	if !ok {
		return "", queueTimes{}, false // the heading, for one
	}
	_, rest, _ = procfile.UintField(rest)
	ran, _, ok := procfile.UintField(rest)
	return string(name), queueTimes{at: at, ran: ran}, ok
}
