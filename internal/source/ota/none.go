package ota

import "context"

// None is the engine of a device that has no updater: it refuses everything
// with [ErrNotPresent].
type None struct{}

// Features returns the name none.
func (None) Features() Features { return Features{Name: "none"} }

// Present returns ErrNotPresent.
func (None) Present(context.Context) error { return ErrNotPresent }

// Slots returns ErrNotPresent.
func (None) Slots(context.Context) ([]Slot, error) { return nil, ErrNotPresent }

// Peek returns ErrNotPresent.
func (None) Peek(context.Context, string) (Manifest, error) { return Manifest{}, ErrNotPresent }

// Verify returns ErrNotPresent.
func (None) Verify(context.Context, Image, Progress) (Manifest, error) {
	return Manifest{}, ErrNotPresent
}

// Preflight returns ErrNotPresent.
func (None) Preflight(context.Context, Image) (Report, error) { return Report{}, ErrNotPresent }

// Begin returns ErrNotPresent.
func (None) Begin(context.Context, Image) (Attempt, error) { return Attempt{}, ErrNotPresent }

// Install returns ErrNotPresent.
func (None) Install(context.Context, Image, Attempt, Progress) (Installed, error) {
	return Installed{}, ErrNotPresent
}

// Resume returns ErrNotInstalled: without an engine nothing was installed.
func (None) Resume(context.Context, Attempt, Progress) (Installed, error) {
	return Installed{}, ErrNotInstalled
}

// Booted returns ErrNotPresent.
func (None) Booted(context.Context, Installed) (Boot, error) { return BootPending, ErrNotPresent }

// Confirm returns ErrNotPresent.
func (None) Confirm(context.Context, Installed) error { return ErrNotPresent }

// Reject returns ErrNotPresent.
func (None) Reject(context.Context, Installed) error { return ErrNotPresent }
