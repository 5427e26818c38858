package ota

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/test/e2e/device"
)

// The first half of every story that goes well, without progress.
const (
	staging  = "downloading verifying stage_complete awaiting_window"
	applying = staging + " apply_scheduled applying"
)

// event is any message of ota.stream.
type event struct {
	Type            string                `json:"type"`
	State           *wire.UpdaterSnapshot `json:"state"`
	CacheUsageBytes *uint64               `json:"cache_usage_bytes"`
	UpdateID        string                `json:"update_id"`
	Percent         *int                  `json:"percent"`
	ETA             time.Time             `json:"eta"`
	RebootRequired  *bool                 `json:"reboot_required"`
	Reason          string                `json:"reason"`
	Message         string                `json:"message"`
}

func parse(t *testing.T, data []byte) event {
	t.Helper()
	var e event
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return e
}

// story follows the messages of a viewer and checks, for each update, what 3.9
// says of them: a snapshot at each stage change, percent never falls within one
// stage, all is about the same update.
type story struct {
	t       *testing.T
	next    func() []byte
	id      string // of the update that is told about
	stage   string
	percent int
	steps   int // progress messages in this stage
	kinds   []string
	last    *wire.UpdaterSnapshot
	reason  string // of the last rollback_triggered
}

// watch opens ota.stream on a socket of its own. 3.9: a snapshot comes at once.
func watch(t *testing.T, d *device.Device) *story {
	t.Helper()
	s := d.Dial("/v1/ws/ota")
	st := &story{t: t, next: func() []byte { return s.Next().Data }}
	st.first()
	return st
}

func (s *story) first() {
	s.t.Helper()
	e := parse(s.t, s.next())
	if e.Type != "snapshot" || e.CacheUsageBytes == nil {
		s.t.Fatalf("the first message is %+v", e)
	}
	if e.State != nil {
		s.id, s.stage, s.last = e.State.UpdateID, e.State.Stage, e.State
		s.percent = percentOf(e.State)
	}
}

func percentOf(s *wire.UpdaterSnapshot) int {
	if s.ProgressPercent == nil {
		return -1
	}
	return int(*s.ProgressPercent)
}

// until follows the messages until the stage, and returns the snapshot.
func (s *story) until(stage string) *wire.UpdaterSnapshot {
	s.t.Helper()
	for {
		raw := s.next()
		e := parse(s.t, raw)
		switch e.Type {
		case "snapshot":
			if s.snapshot(e); s.stage == stage {
				return s.last
			}
			continue
		case "stage_progress":
			s.progress(e)
		case "stage_complete", "apply_scheduled", "apply_complete":
			s.kinds = append(s.kinds, e.Type)
		case "rollback_triggered":
			s.reason = e.Reason
			s.kinds = append(s.kinds, e.Type)
		default:
			s.t.Fatalf("unexpected %s", raw)
		}
		s.check(e, raw)
	}
}

func (s *story) snapshot(e event) {
	s.t.Helper()
	if e.State == nil || e.CacheUsageBytes == nil {
		s.t.Fatalf("a snapshot without a state after the first: %+v", e)
	}
	if e.State.Stage == s.stage && e.State.UpdateID == s.id {
		s.t.Errorf("a snapshot that changes no stage: %+v", e.State)
	}
	if s.id != e.State.UpdateID && e.State.Stage != wire.StageDownloading {
		s.t.Errorf("update %s begins as %s", e.State.UpdateID, e.State.Stage)
	}
	s.id, s.stage, s.last, s.steps = e.State.UpdateID, e.State.Stage, e.State, 0
	s.percent = percentOf(e.State)
	s.kinds = append(s.kinds, s.stage)
}

func (s *story) progress(e event) {
	s.t.Helper()
	s.steps++
	if e.Percent == nil || *e.Percent > 100 || *e.Percent < s.percent {
		s.t.Errorf("percent goes from %d to %+v in %s", s.percent, e, s.stage)
		return
	}
	s.percent = *e.Percent
	switch s.stage {
	case wire.StageDownloading, wire.StageVerifying, wire.StageApplying, wire.StageRebooting:
	default:
		s.t.Errorf("progress in %s", s.stage)
	}
}

func (s *story) check(e event, raw []byte) {
	s.t.Helper()
	if e.UpdateID != s.id {
		s.t.Errorf("%s is not about %s", raw, s.id)
	}
	switch {
	case e.Type == "apply_scheduled" && (e.ETA.IsZero() || time.Until(e.ETA).Abs() > time.Minute):
		s.t.Errorf("scheduled for %v", e.ETA)
	case e.Type == "apply_complete" && e.RebootRequired == nil:
		s.t.Errorf("%s lacks reboot_required", raw)
	}
}

// told returns what was told so far, without progress, and forgets it.
func (s *story) told() string {
	text := strings.Join(s.kinds, " ")
	s.kinds = nil
	return text
}

func (s *story) wantTold(want string) {
	s.t.Helper()
	if got := s.told(); got != want {
		s.t.Errorf("told %s\nwant %s", got, want)
	}
}
