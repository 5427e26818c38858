package config

import (
	"path/filepath"
	"time"
)

// Telemetry belongs to the sampler of CPU, memory, disks and network.
type Telemetry struct {
	// Interval is the time between samples while somebody watches, unless a
	// viewer asks for less; 250ms to 10s.
	Interval time.Duration `yaml:"interval"`
	// DataDir is a directory on the filesystem to be shown as "the disk"; empty
	// means the sum of all.
	DataDir string `yaml:"data_dir"`
}

func defaultTelemetry() Telemetry { return Telemetry{Interval: time.Second} }

func (t *Telemetry) check(p *problems) {
	if t.Interval < 250*time.Millisecond || t.Interval > 10*time.Second {
		p.add("telemetry.interval", "%v is not between 250ms and 10s", t.Interval)
	}
	if t.DataDir != "" && !filepath.IsAbs(t.DataDir) {
		p.add("telemetry.data_dir", "%q is no absolute path", t.DataDir)
	}
}
