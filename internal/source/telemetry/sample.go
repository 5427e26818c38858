package telemetry

import "time"

// Sample is one measurement. It is never changed after it was returned, so it
// may be shared. Pointers are nil where this device does not tell.
type Sample struct {
	Time     time.Time // when the measurement began
	CPU      CPU
	Memory   Memory
	GPU      *GPU
	DataDisk *Disk  // holds the data folder; without one, the sum of Disks
	Disks    []Disk // every real filesystem once, by mount point
	Power    *Power
	Network  *Network // nil if there is no interface but loopback
	// Temperatures are those of all sensors that can be read, the processor's
	// included.
	Temperatures []Temperature
}

// CPU is the state of the processor.
type CPU struct {
	UsagePercent float64   // of the whole machine, 0 to 100, since the previous sample
	Temperature  *float64  // °C, the hottest of the best sensors of processor or SoC
	Throttle     *Throttle // Raspberry Pi only
	Cores        []Core    // logical cores that are online, by id
}

// Core is the state of one logical core.
type Core struct {
	ID           uint32
	UsagePercent float64 // 0 to 100, since the previous sample
	FrequencyMHz *uint64
}

// Memory is the use of memory, in bytes. Used excludes what the kernel gives
// back on demand; Free is Total minus Used.
type Memory struct {
	Total, Used, Free   uint64
	SwapTotal, SwapUsed uint64
}

// GPU is the state of the graphics processor; of several, the one that tells
// most about itself.
type GPU struct {
	UsagePercent *float64 // 0 to 100
	Temperature  *float64 // °C
	FrequencyMHz *uint64
	Memory       *GPUMemory // its own memory, if it has such
}

// GPUMemory is the use of a graphics processor's own memory, in bytes.
type GPUMemory struct{ Total, Used, Free uint64 }

// Disk is the use of a filesystem, in bytes. As in df, Free is what an ordinary
// user may still take: where the filesystem keeps a reserve, Used and Free are
// less than Total.
type Disk struct {
	Mount string // where it is mounted, valid UTF-8; the data folder in DataDisk
	Type  string // filesystem type
	Total uint64
	Used  uint64
	Free  uint64
	// Stale tells that the filesystem does not answer; the figures are the last
	// that it gave.
	Stale bool
}

// Power is the supply of the device.
type Power struct {
	Watts, Volts, Amps *float64
}

// Network is the traffic of all interfaces but loopback: the sums, and each by
// name. What flows through a bridge or tunnel is in the sums once for each
// interface that it passes.
type Network struct {
	Counters
	Interfaces []Interface
}

// Interface is the traffic of one network interface.
type Interface struct {
	Name string  // valid UTF-8
	MAC  *string // lower-case hexadecimal with colons
	Counters
}

// Counters are bytes on the link layer.
type Counters struct {
	RxBytes, TxBytes           uint64  // since the previous sample
	TotalRxBytes, TotalTxBytes uint64  // since boot, or since the interface was made
	RxPerSecond, TxPerSecond   float64 // bytes per second since the previous sample
}

// Temperature is one sensor.
type Temperature struct {
	Label   string // name of the chip or zone, and of the sensor if it has one
	Celsius float64
}
