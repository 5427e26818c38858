package firmware

import (
	"cmp"
	"time"
)

// Status is where an update is, in the words of the HeliOS device API.
type Status string

// The states of an update.
const (
	Queued   Status = "queued"   // waits for a restart or a device
	Flashing Status = "flashing" // runs
	Complete Status = "complete" // the new firmware is in place
	Failed   Status = "failed"
)

// Update is news about an update of one device.
type Update struct {
	DeviceID string
	Firmware string // name of the device's firmware
	Status   Status
	Active   string // version now running; may be empty
	Error    string // why it failed
	Progress *uint8 // percent, 0..100; nil if not known
	Detail   string // what is being done, for people to read
	Time     time.Time
}

// maxDevices bounds the devices that are remembered.
const maxDevices = 1024

// progress makes updates out of what the daemon tells. It knows no D-Bus.
type progress struct {
	devices map[string]Device
	busy    string // the device that was last announced as busy
	status  uint32
	percent *uint8
	flash   *flash // the update that runs
	last    Update
}

// flash is an update that runs.
type flash struct {
	before Device
	began  time.Time
}

func newProgress() *progress { return &progress{devices: map[string]Device{}} }

// known takes a device as it is, without making news of its last update.
func (p *progress) known(d Device) {
	if _, have := p.devices[d.ID]; have || len(p.devices) < maxDevices {
		p.devices[d.ID] = d
	}
	if d.status != statusUnknown && d.status != statusIdle {
		p.busy = d.ID
	}
}

// forget drops a device that was unplugged, unless it is just being updated: many
// leave and come back while they are.
func (p *progress) forget(id string) {
	if p.flash == nil || p.flash.before.ID != id {
		delete(p.devices, id)
	}
}

// device takes a device that has changed, and returns the news.
func (p *progress) device(d Device, now time.Time) (Update, bool) {
	before, have := p.devices[d.ID]
	p.known(d)
	if !have || before.state == d.state || (p.flash != nil && p.flash.before.ID == d.ID) {
		return Update{}, false
	}
	switch d.state {
	case statePending:
		return p.news(d, Queued, "waits for a restart", now)
	case stateFailed, stateFailedTransient: // before anything was written
		return p.news(d, Failed, "", now)
	}
	return Update{}, false
}

// property takes the status and, if not nil, the percentage of the daemon. It
// returns the news, and ended if the update that was running is over: the caller must
// then find out how, and call result.
func (p *progress) property(status uint32, percent *uint8, now time.Time) (u Update, news, ended bool) {
	p.status = status
	if percent != nil {
		p.percent = percent
	}
	switch {
	case p.flash == nil:
		d, have := p.devices[p.busy]
		if !have || (status != statusDeviceWrite && status != statusDeviceErase && status != statusDeviceRestart) {
			return Update{}, false, false
		}
		p.flash = &flash{before: d, began: now}
		if percent == nil {
			p.percent = nil // that of something before
		}
	case status == statusIdle || status == statusUnknown:
		return Update{}, false, true
	}
	u, news = p.news(p.devices[p.flash.before.ID], Flashing, statusText(status), now)
	return u, news, false
}

// result ends the running update. record is what the daemon has on file about the
// last update of the device, current the device as it is now; they have no ID if there
// is none.
func (p *progress) result(record, current Device, now time.Time) (Update, bool) {
	f := p.flash
	if f == nil {
		return Update{}, false
	}
	p.flash, p.busy, p.percent = nil, "", nil
	d := f.before
	if current.ID == d.ID {
		p.known(current)
		d = current
		p.busy = ""
	}
	state, problem := record.state, record.problem
	if record.ID != d.ID || record.modified < uint64(f.began.Unix()) {
		state, problem = stateUnknown, "" // about an earlier update
		switch {
		case current.ID == "":
		case current.Version != f.before.Version:
			state = stateSuccess
		case current.state != f.before.state:
			state, problem = current.state, current.problem
		}
	}
	d.problem = problem
	switch state {
	case stateSuccess:
		return p.news(d, Complete, "", now)
	case stateNeedsReboot:
		return p.news(d, Complete, "takes effect after a restart", now)
	case statePending:
		return p.news(d, Queued, "waits for a restart", now)
	}
	d.problem = cmp.Or(problem, "the update ended without a result")
	return p.news(d, Failed, "", now)
}

// lost ends the running update when the daemon has gone.
func (p *progress) lost(now time.Time) (Update, bool) {
	if p.flash == nil {
		return Update{}, false
	}
	d := p.flash.before
	d.problem = "the update service ended during the update"
	p.flash, p.busy, p.percent = nil, "", nil
	return p.news(d, Failed, "", now)
}

// news makes an update, unless it says the same as the last.
func (p *progress) news(d Device, s Status, detail string, now time.Time) (Update, bool) {
	u := Update{DeviceID: d.ID, Firmware: cmp.Or(d.Name, d.ID), Status: s, Active: d.Version, Detail: detail}
	switch s {
	case Failed:
		u.Error = cmp.Or(d.problem, "the update failed")
	case Flashing:
		u.Progress = p.percent
	case Complete:
		full := uint8(100)
		u.Progress = &full
	}
	if same(u, p.last) {
		return Update{}, false
	}
	p.last = u
	u.Time = now
	return u, true
}

// same compares all but the time.
func same(a, b Update) bool {
	if (a.Progress == nil) != (b.Progress == nil) || (a.Progress != nil && *a.Progress != *b.Progress) {
		return false
	}
	a.Progress, b.Progress, a.Time, b.Time = nil, nil, time.Time{}, time.Time{}
	return a == b
}
