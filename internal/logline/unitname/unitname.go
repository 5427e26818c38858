// Package unitname checks names of systemd units before they become arguments
// of a program.
package unitname

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrInvalid is wrapped by the errors of Check.
var ErrInvalid = errors.New("invalid unit name")

// maxLength is systemd's UNIT_NAME_MAX.
const maxLength = 255

// Check reports whether name is the full name of one unit, as systemd.unit(5)
// defines it: a prefix of letters, digits and ":_.\@-", then a known type
// suffix. Patterns ("ssh*"), templates without an instance ("getty@.service"),
// paths and options are refused. The error wraps [ErrInvalid].
func Check(name string) error {
	dot := strings.LastIndexByte(name, '.')
	switch {
	case len(name) > maxLength:
		return fmt.Errorf("%w: %d bytes are too long", ErrInvalid, len(name))
	case dot <= 0 || !slices.Contains(types(), name[dot+1:]):
		return fmt.Errorf("%w: %q has no unit type such as .service", ErrInvalid, name)
	case name[0] == '-' && name != "-.mount" && name != "-.slice", name[0] == '@':
		return fmt.Errorf("%w: %q begins with %q", ErrInvalid, name, name[0])
	case strings.HasSuffix(name[:dot], "@"):
		return fmt.Errorf("%w: %q is a template without an instance", ErrInvalid, name)
	}
	for i := range len(name) {
		if !allowed(name[i]) {
			return fmt.Errorf("%w: %q holds %q", ErrInvalid, name, name[i])
		}
	}
	return nil
}

func types() []string {
	return []string{"service", "socket", "target", "device", "mount", "automount", "swap", "timer", "path", "slice", "scope"}
}

func allowed(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(`:_.\@-`, c) >= 0
}
