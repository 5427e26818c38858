package telemetry

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// Throttle is the state of the Raspberry Pi firmware's power and temperature
// protection. The bits are those of `vcgencmd get_throttled`.
type Throttle struct{ Raw uint32 }

// bit reports whether bit n is set.
func (t Throttle) bit(n uint) bool { return t.Raw>>n&1 == 1 }

// Undervoltage tells that the supply is too low now.
func (t Throttle) Undervoltage() bool { return t.bit(0) }

// FrequencyCapped tells that the ARM frequency is limited now.
func (t Throttle) FrequencyCapped() bool { return t.bit(1) }

// Throttled tells that the processor is slowed down now.
func (t Throttle) Throttled() bool { return t.bit(2) }

// SoftTempLimit tells that the soft temperature limit is exceeded now.
func (t Throttle) SoftTempLimit() bool { return t.bit(3) }

// UndervoltageSinceBoot tells that the supply was too low at some time.
func (t Throttle) UndervoltageSinceBoot() bool { return t.bit(16) }

// FrequencyCappedSinceBoot tells that the ARM frequency was limited at some time.
func (t Throttle) FrequencyCappedSinceBoot() bool { return t.bit(17) }

// ThrottledSinceBoot tells that the processor was slowed down at some time.
func (t Throttle) ThrottledSinceBoot() bool { return t.bit(18) }

// SoftTempLimitSinceBoot tells that the soft temperature limit was exceeded at
// some time.
func (t Throttle) SoftTempLimitSinceBoot() bool { return t.bit(19) }

// openThrottle opens the file of the firmware driver, which the various kernels
// put in different places, or returns nil.
func openThrottle(root string) *procfile.File {
	patterns := [...]string{
		"sys/devices/platform/soc/soc:firmware/get_throttled",
		"sys/devices/platform/soc*/*firmware*/get_throttled",
		"sys/devices/platform/*firmware*/get_throttled",
	}
	for _, pattern := range patterns {
		paths, _ := filepath.Glob(filepath.Join(root, pattern)) // fails on bad patterns only
		for _, path := range paths {
			if file, err := procfile.Open(path); err == nil {
				return file
			}
		}
	}
	return nil
}

// parseThrottle parses the firmware's number, which is hexadecimal with or
// without a prefix.
func parseThrottle(text []byte) (Throttle, bool) {
	digits := strings.TrimSpace(string(text))
	digits = strings.TrimPrefix(digits, "throttled=")
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "0x"), "0X")
	raw, err := strconv.ParseUint(digits, 16, 32)
	return Throttle{Raw: uint32(raw)}, err == nil
}

// readThrottle reads the state now, or returns nil.
func readThrottle(file *procfile.File) *Throttle {
	if file == nil {
		return nil
	}
	text, err := file.ReadAttr()
	if err != nil {
		return nil
	}
	if t, ok := parseThrottle(text); ok {
		return &t
	}
	return nil
}
