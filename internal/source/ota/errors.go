package ota

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/topic"
)

// ErrNotPresent says that this device has no updater.
var ErrNotPresent = topic.ErrNotPresent

// Errors to compare with. Texts are meant to be shown.
var (
	// ErrClosed is returned after the updater was closed.
	ErrClosed = errors.New("the updater is closed")
	// ErrBusy says that an update is under way, or that the engine works for
	// somebody else.
	ErrBusy = errors.New("an update is under way")
	// ErrNoUpdate says that there is no staged update that the call could mean.
	ErrNoUpdate = errors.New("no staged update is active")
	// ErrUnknownUpdate says that the update id is not that of the update that is
	// staged.
	ErrUnknownUpdate = errors.New("invalid update_id")
	// ErrCannotCancel says that the update is beyond the point of return.
	ErrCannotCancel = errors.New("the update can no longer be canceled")
	// ErrCanceled is why an update that was cancelled has failed.
	ErrCanceled = errors.New("update canceled")

	// ErrInvalid says that an image is not fit for this device.
	ErrInvalid = errors.New("invalid image")
	// ErrBadURL says that an image URL is not a file of the uploads folder.
	ErrBadURL = errors.New("image_url must be a file: URL of an uploaded image")
	// ErrNoImage says that the file that an image URL names is not there.
	ErrNoImage = errors.New("no such image")
	// ErrSize says that a file has not the size that was announced.
	ErrSize = errors.New("size mismatch")
	// ErrChecksum says that a file has not the SHA-256 that was announced, or
	// that what was announced is not one.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrTooLarge says that a file is larger than a single image may be.
	ErrTooLarge = errors.New("image is too large")
	// ErrNoSpace says that a disk, or the quota of the uploads, is full.
	ErrNoSpace = errors.New("no room left")
	// ErrTooMany says that there are too many uploads, stored or under way.
	ErrTooMany = errors.New("too many uploads")

	// ErrNotInstalled is the answer of Engine.Resume when success cannot be
	// proven.
	ErrNotInstalled = errors.New("the installation was not completed")
	// ErrUncertain says that an installation failed and that it is not sure what
	// the device boots next.
	ErrUncertain = errors.New("it is not sure what the device boots next")
)

// NotReadyError says that an update is staged but cannot be applied now. The
// update stays staged.
type NotReadyError struct {
	UpdateID uuid.UUID
	Report   Report
}

// Error returns the summary of the report.
func (e *NotReadyError) Error() string { return "preflight is not ready: " + e.Report.Summary }

// FailedError says that an update has ended as rolled_back before it could be
// applied.
type FailedError struct {
	UpdateID uuid.UUID
	Cause    error
}

// Error returns the text of the cause.
func (e *FailedError) Error() string { return e.Cause.Error() }

// Unwrap returns the cause.
func (e *FailedError) Unwrap() error { return e.Cause }

// busyError names the update that is in the way.
func busyError(s *State) error {
	return fmt.Errorf("%w: update %s is %s", ErrBusy, s.UpdateID, s.Stage)
}
