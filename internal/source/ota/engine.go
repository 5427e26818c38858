package ota

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Progress is told how far a step of an engine is: percent 0 to 100, which the
// updater keeps from falling, and a short text, which may be empty. It does not
// block for long and is not called after the step has returned.
type Progress func(percent int, detail string)

// Engine writes images to the slots that the device boots from, and proves what
// it wrote. The updater calls one of Verify, Install, Resume, Confirm and Reject
// at a time; the other methods may be called at any time, concurrently. All
// methods may block on disks and buses and honour ctx, if not said otherwise.
//
// Errors: [ErrNotPresent] when there is no engine here, [ErrBusy] when it works
// for somebody else, [ErrInvalid] when the image is not fit for this device,
// [ErrNoSpace] when there is no room; other errors are failures. Texts are the
// engine's own, since that is what people search for.
type Engine interface {
	// Features tells what the engine is. It never blocks and never changes.
	Features() Features
	// Present tells whether the engine can be used now; nil means yes.
	Present(ctx context.Context) error
	// Slots reads the slots as they are now.
	Slots(ctx context.Context) ([]Slot, error)
	// Peek reads what an image says of itself, as far as that is authentic. It
	// is cheap where the format allows it.
	Peek(ctx context.Context, path string) (Manifest, error)
	// Verify checks a whole image: that it comes from whom the device trusts, is
	// made for this device, and is not damaged. It changes nothing.
	Verify(ctx context.Context, img Image, report Progress) (Manifest, error)
	// Preflight tells whether the image could be installed now. The engine fills
	// in Verdict, Summary, SingleSlot and the sizes and the device it knows.
	Preflight(ctx context.Context, img Image) (Report, error)
	// Begin reads, before anything is changed, what is needed to tell later what
	// became of an installation. The updater stores the result durably before it
	// calls Install.
	Begin(ctx context.Context, img Image) (Attempt, error)
	// Install writes the image to a slot that is not in use, and makes it the one
	// to boot next. It returns nil only after the engine has said that it is done
	// and the slot was read back. After an error, the device boots what it booted
	// before; an error that wraps ErrUncertain says that this could not be made
	// sure. Where Features.CancelInstall is false, ctx ends the wait only.
	Install(ctx context.Context, img Image, a Attempt, report Progress) (Installed, error)
	// Resume tells what became of an Install that this process did not see the
	// end of, and waits for it where the engine still works on it. It returns
	// ErrNotInstalled, after undoing what may have been done, when success cannot
	// be proven. Any other error means that it could not find out, and may be
	// tried again.
	Resume(ctx context.Context, a Attempt, report Progress) (Installed, error)
	// Booted tells which system runs with regard to an installation.
	Booted(ctx context.Context, in Installed) (Boot, error)
	// Confirm makes the new system, which runs, the one to boot from now on.
	// Confirming twice is allowed.
	Confirm(ctx context.Context, in Installed) error
	// Reject gives up the new system: from the next boot on, the old one runs.
	Reject(ctx context.Context, in Installed) error
}

// Features are the properties of an engine.
type Features struct {
	// Name is rauc, slots, simulated or none.
	Name string
	// Simulated says that no device is changed.
	Simulated bool
	// CancelInstall says that cancelling the ctx of Install stops the
	// installation, until the slot is activated.
	CancelInstall bool
}

// Artifact kinds of the protocol's field of the same name.
const (
	KindDiskImage      = "disk_image" // the default
	KindFrontendBundle = "frontend_bundle"
	KindServiceBundle  = "service_bundle"
)

// Image is an image on its way to a slot.
type Image struct {
	UpdateID uuid.UUID
	// Path is the file; it is not changed or removed while a step runs.
	Path string
	// Kind is one of the Kind constants.
	Kind string
	// SizeBytes is the size of the file.
	SizeBytes int64
	// SHA256 is the checksum of the whole file in lower-case hex.
	SHA256 string
}

// Manifest is what an image says of itself. Fields are empty when it does not.
type Manifest struct {
	Version    string
	BuildID    string
	Compatible string
}

// Slot is one of the places that a system can be in.
type Slot struct {
	Name     string
	Class    string // kind of content, for example rootfs
	Device   string // path of the block device or file
	BootName string // name that the boot loader knows it by; empty if it is not booted from
	// Booted says that the system now running is in it, Primary that it is the
	// one to be booted next.
	Booted, Primary bool
	// Health is good or bad, as the boot loader has it, trial for a slot that
	// has not been confirmed, empty for one that holds no whole system, or
	// unknown.
	Health string
	// The last installation, as far as known.
	Version     string
	SHA256      string
	SizeBytes   uint64
	InstalledAt time.Time
}

// Attempt is what was true before an installation. It is stored as JSON.
type Attempt struct {
	UpdateID uuid.UUID `json:"update_id"`
	// Slot is the slot to be written, if the engine decides that beforehand.
	Slot string `json:"slot,omitempty"`
	// Version is what the image says.
	Version string `json:"version,omitempty"`
	// Notes are the engine's own.
	Notes map[string]string `json:"notes,omitempty"`
}

// Installed is an installation that was proven. It is stored as JSON.
type Installed struct {
	UpdateID uuid.UUID `json:"update_id"`
	Slot     string    `json:"slot"`
	Version  string    `json:"version,omitempty"`
	// RebootRequired says that the new system runs after a restart only.
	RebootRequired bool `json:"reboot_required"`
	// Notes are the engine's own.
	Notes map[string]string `json:"notes,omitempty"`
}

// Boot tells what the device has booted.
type Boot int

// What Engine.Booted finds.
const (
	BootPending Boot = iota // the device has not been restarted since
	BootNew                 // the new system runs
	BootOld                 // the device was restarted and another system runs
)

// String returns pending, new or old.
func (b Boot) String() string { return [...]string{"pending", "new", "old"}[b] }
