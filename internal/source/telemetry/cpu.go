package telemetry

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// maxCores bounds how many logical cores are told of.
const maxCores = 4096

// cpuMeter tells usage from the counters of two readings. Cores may be switched
// on and off in between.
type cpuMeter struct {
	stat  procfile.CPUStat // scratch
	total share
	cores map[uint32]*share
}

// share is the usage of the machine or of one core.
type share struct {
	last    procfile.CPUTimes
	percent float64
	known   bool // last is set
	seen    bool // by the reading in progress
}

// update takes the new counters over and returns the usage since the last. Two
// readings within one tick tell nothing: the usage then stays what it was.
func (s *share) update(now procfile.CPUTimes) float64 {
	// Counters may go backwards by a little, mostly that of waiting for input.
	busy := float64(now.Busy - min(s.last.Busy, now.Busy))
	idle := float64(now.Idle - min(s.last.Idle, now.Idle))
	if s.known && busy+idle > 0 {
		s.percent = 100 * busy / (busy + idle)
	}
	s.last, s.known, s.seen = now, true, true
	return s.percent
}

// read parses the content of /proc/stat.
func (m *cpuMeter) read(text []byte, frequencies map[uint32]uint64) (CPU, error) {
	if err := m.stat.Parse(text); err != nil {
		return CPU{}, err
	}
	if m.cores == nil {
		m.cores = make(map[uint32]*share)
	}
	for _, s := range m.cores {
		s.seen = false
	}
	list := m.stat.Cores[:min(len(m.stat.Cores), maxCores)]
	cpu := CPU{UsagePercent: m.total.update(m.stat.Total), Cores: make([]Core, 0, len(list))}
	mhz := make([]uint64, len(list)) // one allocation for all that the cores point to
	for i, c := range list {
		s := m.cores[c.ID]
		if s == nil {
			s = &share{}
			m.cores[c.ID] = s
		}
		core := Core{ID: c.ID, UsagePercent: s.update(c.Times)}
		if f, ok := frequencies[c.ID]; ok {
			mhz[i] = f
			core.FrequencyMHz = &mhz[i]
		}
		cpu.Cores = append(cpu.Cores, core)
	}
	for id, s := range m.cores {
		if !s.seen {
			delete(m.cores, id)
		}
	}
	return cpu, nil
}

// frequencyMeter reads the frequency of each policy, which stands for one core
// or for all that share a clock.
type frequencyMeter struct {
	policies []policy
	byCore   map[uint32]uint64 // MHz, result of the last reading
}

type policy struct {
	file  *procfile.File
	cores []uint32
}

// discover opens the policies there are now.
func (m *frequencyMeter) discover(root string) {
	m.close()
	cpus := filepath.Join(root, "sys/devices/system/cpu")
	for _, name := range procfile.List(filepath.Join(cpus, "cpufreq")) {
		if strings.HasPrefix(name, "policy") {
			dir := filepath.Join(cpus, "cpufreq", name)
			m.add(dir, parseIDs(procfile.ReadString(filepath.Join(dir, "related_cpus"))))
		}
	}
	if len(m.policies) > 0 {
		return
	}
	// Kernels before 4.3 have a folder per core only.
	for _, name := range procfile.List(cpus) {
		if id, err := strconv.ParseUint(strings.TrimPrefix(name, "cpu"), 10, 32); err == nil {
			m.add(filepath.Join(cpus, name, "cpufreq"), []uint32{uint32(id)})
		}
	}
}

func (m *frequencyMeter) add(dir string, cores []uint32) {
	if len(m.policies) >= maxCores || len(cores) == 0 {
		return
	}
	// scaling_cur_freq is what the kernel has set or measured; cpuinfo_cur_freq
	// would ask the hardware, needs root, and is slow.
	if file, err := procfile.Open(filepath.Join(dir, "scaling_cur_freq")); err == nil {
		m.policies = append(m.policies, policy{file: file, cores: cores})
	}
}

// read returns the frequencies in MHz by core; the map is reused.
func (m *frequencyMeter) read() map[uint32]uint64 {
	if m.byCore == nil {
		m.byCore = make(map[uint32]uint64)
	}
	clear(m.byCore)
	for _, p := range m.policies {
		if khz, ok := p.file.Int(); ok && khz > 0 {
			for _, core := range p.cores {
				m.byCore[core] = (uint64(khz) + 500) / 1000
			}
		}
	}
	return m.byCore
}

func (m *frequencyMeter) close() {
	for _, p := range m.policies {
		p.file.Close()
	}
	m.policies = m.policies[:0]
}

// parseIDs parses numbers that are separated by spaces.
func parseIDs(text string) []uint32 {
	var ids []uint32
	for word := range strings.FieldsSeq(text) {
		if id, err := strconv.ParseUint(word, 10, 32); err == nil && len(ids) < maxCores {
			ids = append(ids, uint32(id))
		}
	}
	return ids
}

// cpuThermometer finds the temperature of the processor.
type cpuThermometer struct{ sensors []rankedSensor }

// rankedSensor is a sensor that may stand for the processor; a lower rank is a
// better one.
type rankedSensor struct {
	file *procfile.File
	rank int
}

// hwmonRank puts thermal zones before hwmon chips, which are often the same
// sensors behind a slower driver.
const hwmonRank = 10

func (m *cpuThermometer) discover(zones []zone, chips []chip) {
	m.close()
	for _, z := range zones {
		m.add(zoneRank(z.kind), filepath.Join(z.dir, "temp"))
	}
	for _, c := range chips {
		for _, s := range c.sensors("temp") {
			if rank := chipRank(c.name, s.label); rank > 0 {
				m.add(rank+hwmonRank, s.input)
			}
		}
	}
	slices.SortStableFunc(m.sensors, func(a, b rankedSensor) int { return cmp.Compare(a.rank, b.rank) })
}

func (m *cpuThermometer) add(rank int, path string) {
	if rank == 0 || len(m.sensors) >= maxSensors {
		return
	}
	if file, err := procfile.Open(path); err == nil {
		m.sensors = append(m.sensors, rankedSensor{file: file, rank: rank})
	}
}

// read returns the hottest of the best sensors that can be read, or nil.
func (m *cpuThermometer) read() *float64 {
	var hottest *float64
	for i, s := range m.sensors {
		if hottest != nil && s.rank != m.sensors[i-1].rank {
			break
		}
		if c, ok := celsius(s.file); ok && (hottest == nil || c > *hottest) {
			hottest = &c
		}
	}
	return hottest
}

func (m *cpuThermometer) close() {
	for _, s := range m.sensors {
		s.file.Close()
	}
	m.sensors = m.sensors[:0]
}

// zoneRank tells how well a thermal zone of that type stands for the
// processor, from 1, or 0 if it does not.
func zoneRank(kind string) int {
	kind = strings.ReplaceAll(strings.ToLower(kind), "_", "-")
	switch {
	case strings.Contains(kind, "gpu"):
		return 0
	case slices.Contains([]string{"x86-pkg-temp", "cpu", "cpu-thermal", "cpu-temp", "cpu-therm", "tcpu"}, kind):
		return 1
	case strings.Contains(kind, "cpu"), strings.Contains(kind, "core"):
		return 2
	case strings.HasPrefix(kind, "soc"), strings.HasSuffix(kind, "soc"), strings.Contains(kind, "-soc"), strings.Contains(kind, "package"):
		return 3
	}
	return 0
}

// chipRank does the same for a sensor of a hwmon chip.
func chipRank(name, label string) int {
	switch name {
	case "coretemp":
		if strings.HasPrefix(label, "Package") {
			return 1
		}
		return 2
	case "k10temp", "zenpower":
		switch label {
		case "Tdie":
			return 1
		case "Tctl", "": // may carry an offset for the fan control
			return 2
		}
		return 3
	case "k8temp", "via_cputemp":
		return 2
	}
	return zoneRank(name)
}
