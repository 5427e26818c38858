//go:build !linux

package goruntime

// residentBytes: not known here.
func residentBytes() (int64, bool) { return 0, false }
