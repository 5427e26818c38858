//go:build !unix

package goruntime

import "time"

// cpuTime: not known here.
func cpuTime() (time.Duration, bool) { return 0, false }
