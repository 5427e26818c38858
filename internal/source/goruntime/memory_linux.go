package goruntime

import (
	"bytes"
	"os"
	"strconv"
)

// residentBytes returns the size of the memory that is resident, see proc(5).
func residentBytes() (int64, bool) {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	return parseStatm(text, os.Getpagesize())
}

func parseStatm(text []byte, page int) (int64, bool) {
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 40)
	if err != nil || pages < 0 {
		return 0, false
	}
	return pages * int64(page), true
}
