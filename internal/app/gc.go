package app

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to four times what lives before it is collected.
// What lives is a few megabytes, and bulk (a log of a million lines a second)
// would otherwise be collected sixty times a second.
const gcPercent = 300

// tuneGC applies gcPercent, unless the user has set GOGC.
func tuneGC() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
