package rauc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/source/ota"
)

// slot is a slot as RAUC describes it.
type slot struct {
	ota.Slot
	status string // ok, or what is wrong; empty if RAUC keeps none
	mark   string // differs from one installation to the next
	parent string
}

// status is what RAUC says of its slots.
type status struct {
	slots   []slot
	primary string // name of the slot to be booted next; empty if there is none
}

// status reads the slots and which is to be booted next.
func (c *client) status(ctx context.Context) (status, error) {
	var raw []struct {
		Name   string
		Fields map[string]dbus.Variant
	}
	if err := c.call(ctx, "GetSlotStatus", nil, &raw); err != nil {
		return status{}, err
	}
	var st status
	for _, r := range raw {
		st.slots = append(st.slots, parseSlot(r.Name, r.Fields))
	}
	slices.SortFunc(st.slots, func(a, b slot) int { return strings.Compare(a.Name, b.Name) })
	if err := c.call(ctx, "GetPrimary", nil, &st.primary); err != nil {
		return status{}, err
	}
	for i := range st.slots {
		st.slots[i].Primary = st.slots[i].Name == st.primary
	}
	return st, nil
}

// parseSlot reads the fields of a slot; those that are missing or of another
// type stay empty.
func parseSlot(name string, fields map[string]dbus.Variant) slot {
	text := func(key string) string {
		s, _ := fields[key].Value().(string)
		return s
	}
	s := slot{status: text("status"), parent: text("parent")}
	s.Slot = ota.Slot{
		Name: name, Class: text("class"), Device: text("device"), BootName: text("bootname"),
		Booted: text("state") == "booted", Health: text("boot-status"), Version: text("bundle.version"), SHA256: text("sha256"),
	}
	if s.BootName == "" {
		s.Health = ""
	}
	s.SizeBytes, _ = fields["size"].Value().(uint64)
	if at, err := time.Parse(time.RFC3339, text("installed.timestamp")); err == nil {
		s.InstalledAt = at
	}
	count, _ := fields["installed.count"].Value().(uint32)
	if count > 0 || text("installed.timestamp") != "" {
		s.mark = fmt.Sprintf("%d %s", count, text("installed.timestamp"))
	}
	return s
}

// Slots reads the slots.
func (e *Engine) Slots(ctx context.Context) ([]ota.Slot, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer c.close()
	st, err := c.status(ctx)
	if err != nil {
		return nil, err
	}
	slots := make([]ota.Slot, len(st.slots))
	for i, s := range st.slots {
		slots[i] = s.Slot
	}
	return slots, nil
}

// Keys of the notes of an attempt and of an installation.
const (
	noteOwner   = "owner"
	noteBoot    = "boot"
	notePrimary = "primary"
	noteMark    = "mark " // and the name of the slot
)

// Begin notes the state before.
func (e *Engine) Begin(ctx context.Context, img ota.Image) (ota.Attempt, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return ota.Attempt{}, err
	}
	defer c.close()
	m, err := c.info(ctx, img.Path)
	if err != nil {
		return ota.Attempt{}, err
	}
	st, err := c.status(ctx)
	if err != nil {
		return ota.Attempt{}, err
	}
	owner, err := c.owner(ctx)
	if err != nil {
		return ota.Attempt{}, err
	}
	boot, err := e.opts.BootID()
	if err != nil {
		return ota.Attempt{}, fmt.Errorf("read boot id: %w", err)
	}
	notes := map[string]string{noteOwner: owner, noteBoot: boot, notePrimary: st.primary}
	for _, s := range st.slots {
		notes[noteMark+s.Name] = s.mark
	}
	return ota.Attempt{UpdateID: img.UpdateID, Version: m.Version, Notes: notes}, nil
}

// prove finds in the state afterwards what an attempt has installed. activate is
// the slot that is installed and bootable, but not the one to be booted next. The
// error says what is missing. Where RAUC keeps no status of its slots, strict
// fails.
func prove(a ota.Attempt, st status, strict bool) (in ota.Installed, activate string, err error) {
	var done []slot
	kept := false
	for _, s := range st.slots {
		kept = kept || s.mark != ""
		if s.mark != "" && s.mark != a.Notes[noteMark+s.Name] {
			done = append(done, s)
		}
	}
	in = ota.Installed{UpdateID: a.UpdateID, Version: a.Version, Notes: map[string]string{noteBoot: a.Notes[noteBoot]}}
	if !kept && !strict {
		return proveByPrimary(in, a, st)
	}
	if len(done) == 0 {
		return in, "", errors.New("no slot was installed")
	}
	for _, s := range done {
		if s.status != "ok" || s.Version != a.Version {
			return in, "", fmt.Errorf("slot %s has the status %q and version %q instead of %q", s.Name, s.status, s.Version, a.Version)
		}
		if in.Slot == "" {
			in.Slot = s.Name
		}
		boots := s.BootName != "" || s.parent != ""
		in.RebootRequired = in.RebootRequired || boots && !s.Booted
		if s.BootName != "" {
			in.Slot = s.Name
			if !s.Primary {
				activate = s.Name
			}
		}
	}
	return in, activate, nil
}

// proveByPrimary does with what is left where RAUC keeps no status of its slots.
func proveByPrimary(in ota.Installed, a ota.Attempt, st status) (ota.Installed, string, error) {
	for _, s := range st.slots {
		if s.Primary && !s.Booted && s.Health != "bad" {
			in.Slot, in.RebootRequired = s.Name, true
			return in, "", nil
		}
	}
	return in, "", fmt.Errorf("RAUC keeps no status of its slots, and slot %s is to be booted as before", a.Notes[notePrimary])
}
