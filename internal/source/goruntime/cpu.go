package goruntime

import (
	"runtime"
	"time"
)

// share returns a time of CPU in percent of all cores.
func share(cpu, wall time.Duration) float64 {
	if wall <= 0 || cpu <= 0 {
		return 0
	}
	return min(100*float64(cpu)/float64(wall)/float64(runtime.NumCPU()), 100)
}
