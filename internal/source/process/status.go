package process

// Status is what a process is doing, in the words of the HeliOS API. The empty
// Status means that the kernel uses a letter that we do not know.
type Status string

// The known states.
const (
	Run                      Status = "Run"                      // running or ready to run
	Sleep                    Status = "Sleep"                    // waits and can be woken by a signal
	Idle                     Status = "Idle"                     // kernel thread without work
	UninterruptibleDiskSleep Status = "UninterruptibleDiskSleep" // waits and cannot be woken, often for a disk
	Zombie                   Status = "Zombie"                   // ended, its parent has not asked how
	Stop                     Status = "Stop"                     // stopped by a signal
	Tracing                  Status = "Tracing"                  // stopped by a debugger
	Dead                     Status = "Dead"                     // being removed
	Wakekill                 Status = "Wakekill"                 // Linux 2.6.33 to 3.13 only
	Waking                   Status = "Waking"                   // Linux 2.6.33 to 3.13 only
	Parked                   Status = "Parked"                   // kernel thread of a core that is off
)

// statusOf translates the state letter of /proc/PID/stat.
func statusOf(letter byte) Status {
	switch letter {
	case 'R':
		return Run
	case 'S':
		return Sleep
	case 'I':
		return Idle
	case 'D':
		return UninterruptibleDiskSleep
	case 'Z':
		return Zombie
	case 'T':
		return Stop
	case 't':
		return Tracing
	case 'X', 'x':
		return Dead
	case 'K':
		return Wakekill
	case 'W':
		return Waking
	case 'P':
		return Parked
	}
	return ""
}
