package ota

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/topic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// script is an engine that does what a test says. Steps that are nil succeed.
type script struct {
	features  Features
	present   error
	verify    func(ctx context.Context, img Image, report Progress) (Manifest, error)
	preflight func(img Image) (Report, error)
	begin     func() error
	install   func(ctx context.Context, img Image, report Progress) error
	resume    func(a Attempt) error
	booted    func() (Boot, error)
	confirm   func() error
	reboot    bool // an installation needs one

	mu    sync.Mutex
	calls []string
}

func (s *script) note(call string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
}

func (s *script) called() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, " ")
}

func (s *script) Features() Features {
	if s.features.Name == "" {
		s.features.Name = "script"
	}
	return s.features
}
func (s *script) Present(context.Context) error         { return s.present }
func (s *script) Slots(context.Context) ([]Slot, error) { return []Slot{{Name: "one"}}, nil }
func (s *script) installed(a Attempt) Installed {
	return Installed{UpdateID: a.UpdateID, Slot: "two", RebootRequired: s.reboot}
}

func (s *script) Peek(_ context.Context, path string) (Manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(text), "image") {
		return Manifest{}, errors.Join(err, ErrInvalid)
	}
	return Manifest{Version: "1.2", BuildID: "34"}, nil
}

func (s *script) Verify(ctx context.Context, img Image, report Progress) (Manifest, error) {
	s.note("verify")
	if s.verify != nil {
		return s.verify(ctx, img, report)
	}
	return Manifest{Version: "1.2"}, nil
}

func (s *script) Preflight(_ context.Context, img Image) (Report, error) {
	if s.preflight != nil {
		return s.preflight(img)
	}
	return Report{Verdict: VerdictReady, Summary: "fine"}, nil
}

func (s *script) Begin(_ context.Context, img Image) (Attempt, error) {
	s.note("begin")
	a := Attempt{UpdateID: img.UpdateID, Slot: "two", Notes: map[string]string{"before": "one"}}
	if s.begin != nil {
		return a, s.begin()
	}
	return a, nil
}

func (s *script) Install(ctx context.Context, img Image, a Attempt, report Progress) (Installed, error) {
	s.note("install")
	if s.install != nil {
		if err := s.install(ctx, img, report); err != nil {
			return Installed{}, err
		}
	}
	return s.installed(a), nil
}

func (s *script) Resume(_ context.Context, a Attempt, _ Progress) (Installed, error) {
	s.note("resume")
	if s.resume != nil {
		if err := s.resume(a); err != nil {
			return Installed{}, err
		}
	}
	return s.installed(a), nil
}

func (s *script) Booted(context.Context, Installed) (Boot, error) {
	s.note("booted")
	if s.booted != nil {
		return s.booted()
	}
	return BootNew, nil
}

func (s *script) Confirm(context.Context, Installed) error {
	s.note("confirm")
	if s.confirm != nil {
		return s.confirm()
	}
	return nil
}

func (s *script) Reject(context.Context, Installed) error {
	s.note("reject")
	return nil
}

// untilDone blocks like a step that takes for ever.
func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// bench is an updater and all that it told.
type bench struct {
	*Updater
	t   *testing.T
	sub *topic.Subscription[Event]
}

func open(t *testing.T, o Options) *bench {
	t.Helper()
	u, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Updater: u, t: t}
	t.Cleanup(u.Close)
	if _, b.sub, err = u.Subscribe(nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// uploaded stores an image and returns how to stage it.
func (b *bench) uploaded() ImageRequest {
	b.t.Helper()
	up, err := b.Upload(b.t.Context(), strings.NewReader("image of the device"), UploadRequest{Filename: "it.img", SizeBytes: -1})
	if err != nil {
		b.t.Fatal(err)
	}
	return ImageRequest{URL: up.URL}
}

func (b *bench) staged() uuid.UUID {
	b.t.Helper()
	id, err := b.Stage(b.t.Context(), b.uploaded())
	if err == nil {
		err = b.AwaitStaged(b.t.Context(), id)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) applied() uuid.UUID {
	b.t.Helper()
	id := b.staged()
	if err := b.Apply(b.t.Context(), id, "me"); err != nil {
		b.t.Fatal(err)
	}
	return id
}

// until returns the state when it has come to a stage.
func (b *bench) until(stage Stage) *State {
	b.t.Helper()
	for {
		b.mu.Lock()
		s, changed := b.snapshotLocked().State, b.changed
		b.mu.Unlock()
		if s != nil && s.Stage == stage {
			return s
		}
		select {
		case <-changed:
		case <-time.After(24 * time.Hour): // virtual time in most tests
			b.t.Fatalf("waited in vain for %s: %+v", stage, s)
		}
	}
}

// told returns what was told so far, in short.
func (b *bench) told() string {
	b.t.Helper()
	var out []string
	for {
		var items [16]topic.Item[Event]
		n, err := b.sub.Fill(items[:])
		if err != nil && !errors.Is(err, topic.ErrClosed) {
			b.t.Fatal(err)
		}
		if n == 0 {
			return strings.Join(out, "\n")
		}
		for _, it := range items[:n] {
			out = append(out, short(it.Event.Value))
		}
	}
}

func short(e Event) string {
	switch e := e.(type) {
	case Snapshot:
		return "snapshot " + string(e.State.Stage)
	case StageProgress:
		return strings.TrimSpace(fmt.Sprintf("progress %d %s", e.Percent, e.Detail))
	case ApplyComplete:
		return fmt.Sprintf("apply_complete %v", e.RebootRequired)
	case RollbackTriggered:
		return "rollback " + e.Reason
	}
	return reflect.TypeOf(e).Name()
}

func files(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range append(found, hidden...) {
		names = append(names, filepath.Base(path))
	}
	return strings.Join(names, " ")
}
