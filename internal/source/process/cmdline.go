package process

import (
	"bytes"
	"strings"
)

// Bounds of command lines. The kernel allows megabytes in one of them.
const (
	maxCmdBytes   = 4096    // of one command line; what follows is cut off
	maxCmdArgs    = 256     // of one command line
	smallCmdBytes = 256     // of one command line while the cache is full
	maxCacheBytes = 8 << 20 // of all command lines, about, before they get small
)

// parseCmdline splits the content of /proc/PID/cmdline into arguments of valid
// UTF-8. NULs at the end are no arguments, since programs that change their
// title pad it with them; an empty last argument is lost by that.
func parseCmdline(b []byte) []string {
	b = bytes.TrimRight(b, "\x00")
	if len(b) == 0 {
		return nil
	}
	args := make([]string, 0, min(bytes.Count(b, []byte{0})+1, maxCmdArgs))
	for arg := range bytes.SplitSeq(b, []byte{0}) {
		if len(args) == maxCmdArgs {
			break
		}
		args = append(args, validText(arg))
	}
	return args
}

// cmdSize is the memory that a command line accounts for.
func cmdSize(args []string) int {
	size := 0
	for _, arg := range args {
		size += len(arg) + 16
	}
	return size
}

// validText returns b as UTF-8, with U+FFFD in place of bytes that are not.
func validText(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
