package ota

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/topic"
)

const untilStaged = `snapshot downloading
progress 100 reading
snapshot verifying
progress 100
StageComplete
snapshot awaiting_window`

func lines(parts ...string) string { return strings.Join(parts, "\n") }

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%s\nwant:\n%s", what, got, want)
	}
}

func TestOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		eng := &script{install: func(_ context.Context, _ Image, report Progress) error {
			for _, p := range []int{10, 50, 30, -5, 50, 120} {
				report(p, "copying")
			}
			return nil
		}}
		u := open(t, Options{Engine: eng, Dir: t.TempDir()})
		if s := u.Snapshot(); s.State != nil || s.CacheUsageBytes != 0 {
			t.Errorf("before any update: %+v", s)
		}
		u.applied()
		s := u.until(Complete)
		check(t, "told", u.told(), lines(untilStaged, "ApplyScheduled", "snapshot applying",
			"progress 10 copying", "progress 50 copying", "progress 100 copying", "apply_complete false", "snapshot complete"))
		if *s.Percent != 100 || s.StartedAt.IsZero() || s.FinishedAt.IsZero() || s.LastError != "" || s.Version != "1.2" || s.AppliedBy != "me" {
			t.Errorf("state %+v", s)
		}
		if a := s.Artifacts[0]; *a.SizeBytes != 19 || len(a.Checksum) != 7+64 {
			t.Errorf("artifact %+v", a)
		}
		if got := files(t, u.dirs.uploads) + files(t, u.dirs.cache); got != "" {
			t.Errorf("left behind: %s", got)
		}
		if h := u.History(); len(h) != 1 || h[0].Stage != Complete {
			t.Errorf("history %+v", h)
		}
	})
}

func TestKeepImage(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	req := u.uploaded()
	req.KeepImage = true
	if _, err := u.ApplyImage(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	u.until(Complete)
	check(t, "uploads", files(t, u.dirs.uploads), "it.img")
}

// TestCacheUsage has the cache tell of the staged image, although it is only a
// second name of the upload.
func TestCacheUsage(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir(), QuotaBytes: 100})
	id := u.staged()
	st := u.Storage()
	if u.Snapshot().CacheUsageBytes != 19 || st.Cache.UsageBytes != 19 || st.Uploads.UsageBytes != 19 || st.RemainingBytes != 81 || *st.Cache.AvailableBytes == 0 {
		t.Errorf("storage %+v", st)
	}
	if err := u.RemoveUpload(u.Uploads()[0].URL); err != nil {
		t.Fatal(err)
	}
	if err := u.Apply(t.Context(), id, ""); err != nil { // it does not need the upload any more
		t.Fatal(err)
	}
	u.until(Complete)
	if n := u.Snapshot().CacheUsageBytes; n != 0 {
		t.Errorf("cache holds %d bytes", n)
	}
}

func TestFailures(t *testing.T) {
	broken := errors.New("rauc: signature verification\nfailed")
	for _, test := range []struct {
		name string
		eng  *script
		want string
	}{
		{
			"verify", &script{verify: func(context.Context, Image, Progress) (Manifest, error) { return Manifest{}, broken }},
			lines("snapshot downloading", "progress 100 reading", "snapshot verifying"),
		},
		{"begin", &script{begin: func() error { return broken }}, lines(untilStaged, "ApplyScheduled")},
		{
			"install", &script{reboot: true, install: func(context.Context, Image, Progress) error { return broken }},
			lines(untilStaged, "ApplyScheduled", "snapshot applying"),
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := open(t, Options{Engine: test.eng, Dir: t.TempDir()})
			id, err := u.ApplyImage(t.Context(), u.uploaded())
			if err != nil && !errors.Is(err, broken) || id == uuid.Nil {
				t.Fatal(err)
			}
			s := u.until(RolledBack)
			check(t, "told", u.told(), lines(test.want, "rollback rauc: signature verification failed", "snapshot rolled_back"))
			if s.LastError != "rauc: signature verification failed" || s.FinishedAt.IsZero() || s.Percent != nil {
				t.Errorf("state %+v", s)
			}
			check(t, "uploads", files(t, u.dirs.uploads), "it.img")
			check(t, "cache", files(t, u.dirs.cache), "")
		})
	}
}

func TestChecksumOfStage(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	req := u.uploaded()
	req.SHA256 = strings.Repeat("ab", 32)
	id, err := u.ApplyImage(t.Context(), req)
	var failed *FailedError
	if !errors.As(err, &failed) || !errors.Is(err, ErrChecksum) || failed.UpdateID != id {
		t.Errorf("apply: %v", err)
	}
	wrong := uint64(18)
	for _, test := range []struct {
		req  ImageRequest
		want error
	}{
		{ImageRequest{URL: req.URL, SizeBytes: &wrong}, ErrSize},
		{ImageRequest{URL: req.URL, SHA256: "abc"}, ErrChecksum},
		{ImageRequest{URL: req.URL, Kind: KindServiceBundle}, ErrInvalid},
		{ImageRequest{URL: req.URL + "x"}, ErrNoImage},
		{ImageRequest{URL: "https://127.0.0.1/it.img"}, ErrBadURL},
	} {
		if _, err := u.Stage(t.Context(), test.req); !errors.Is(err, test.want) {
			t.Errorf("%+v: %v", test.req, err)
		}
	}
}

func TestOneAtATime(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir()})
	req := u.uploaded()
	id := u.staged()
	if _, err := u.Stage(t.Context(), req); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), id.String()) {
		t.Errorf("a second update: %v", err)
	}
	if err := u.Apply(t.Context(), uuid.New(), ""); !errors.Is(err, ErrUnknownUpdate) {
		t.Errorf("apply of another: %v", err)
	}
	if err := u.Cancel(t.Context(), uuid.New(), ""); !errors.Is(err, ErrUnknownUpdate) {
		t.Errorf("cancel of another: %v", err)
	}
}

func TestPreflight(t *testing.T) {
	eng := &script{preflight: func(Image) (Report, error) {
		return Report{Verdict: VerdictTargetTooSmall, Summary: "too small"}, nil
	}}
	u := open(t, Options{Engine: eng, Dir: t.TempDir(), MaxImageBytes: 30})
	if _, err := u.Preflight(t.Context(), uuid.New()); !errors.Is(err, ErrNoUpdate) {
		t.Errorf("without an update: %v", err)
	}
	req := u.uploaded()
	r, err := u.PreflightImage(t.Context(), req)
	if err != nil || r.Ready || !r.Transient || r.Verdict != VerdictTargetTooSmall || *r.ImageSizeBytes != 19 || r.ArtifactKind != KindDiskImage {
		t.Errorf("transient: %+v, %v", r, err)
	}
	if u.Snapshot().State != nil {
		t.Error("a preflight of an image has begun an update")
	}
	r, err = u.PreflightImage(t.Context(), ImageRequest{URL: req.URL, Kind: KindFrontendBundle})
	if err != nil || r.Verdict != VerdictInvalidArtifact {
		t.Errorf("of another kind: %+v, %v", r, err)
	}
	id, err := u.ApplyImage(t.Context(), req)
	var notReady *NotReadyError
	if !errors.As(err, &notReady) || notReady.UpdateID != id || notReady.Report.Summary != "too small" {
		t.Errorf("apply: %v", err)
	}
	if s := u.Snapshot().State; s.Stage != AwaitingWindow || !s.ApplyAt.IsZero() {
		t.Errorf("state %+v", s)
	}
	eng.preflight = func(Image) (Report, error) { return Report{}, errors.Join(ErrInvalid, errors.New("not for us")) }
	if r, err := u.Preflight(t.Context(), id); err != nil || r.Verdict != VerdictInvalidArtifact || r.Transient || r.UpdateID != id {
		t.Errorf("of the staged update: %+v, %v", r, err)
	}
}

func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		eng := &script{}
		u := open(t, Options{Engine: eng, Dir: t.TempDir(), Window: func(now time.Time) time.Time { return now.Add(3 * time.Hour) }})
		began := time.Now()
		id := u.applied()
		if err := u.Apply(t.Context(), id, ""); !errors.Is(err, ErrBusy) {
			t.Errorf("a second order: %v", err)
		}
		synctest.Wait()
		if eng.called() != "verify" {
			t.Errorf("called %s before the window", eng.called())
		}
		u.until(Complete)
		if d := time.Since(began); d != 3*time.Hour {
			t.Errorf("applied after %v", d)
		}
	})
}

func TestCancel(t *testing.T) {
	block := func(ctx context.Context, _ Image, _ Progress) error { return untilDone(ctx) }
	late := func(now time.Time) time.Time { return now.Add(time.Hour) }
	for _, test := range []struct {
		name string
		at   Stage
		opts Options
		eng  *script
		act  func(u *bench)
		want error
	}{
		{
			name: "verifying", at: Verifying,
			eng: &script{verify: func(ctx context.Context, _ Image, _ Progress) (Manifest, error) { return Manifest{}, untilDone(ctx) }},
			act: func(u *bench) { _, _ = u.Stage(u.t.Context(), u.uploaded()) },
		},
		{name: "staged", at: AwaitingWindow, eng: &script{}, act: func(u *bench) { u.staged() }},
		{name: "scheduled", at: AwaitingWindow, opts: Options{Window: late}, eng: &script{}, act: func(u *bench) { u.applied() }},
		{name: "installing", at: Applying, eng: &script{features: Features{CancelInstall: true}, install: block}, act: func(u *bench) { u.applied() }},
		{name: "installing for good", at: Applying, eng: &script{install: block}, act: func(u *bench) { u.applied() }, want: ErrCannotCancel},
		{
			name: "installed too soon", at: Applying, act: func(u *bench) { u.applied() }, want: ErrCannotCancel,
			eng: &script{features: Features{CancelInstall: true}, install: func(ctx context.Context, _ Image, _ Progress) error {
				<-ctx.Done() // but activated already
				return nil
			}},
		},
		{name: "rebooting", at: Rebooting, eng: &script{reboot: true}, act: func(u *bench) { u.applied() }, want: ErrCannotCancel},
		{name: "complete", at: Complete, eng: &script{}, act: func(u *bench) { u.applied() }, want: ErrNoUpdate},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.opts.Engine, test.opts.Dir = test.eng, t.TempDir()
			u := open(t, test.opts)
			test.act(u)
			u.until(test.at)
			err := u.Cancel(t.Context(), uuid.Nil, "somebody")
			if !errors.Is(err, test.want) {
				t.Fatalf("cancel: %v", err)
			}
			if test.want != nil {
				return
			}
			s := u.Snapshot().State
			if s.Stage != RolledBack || s.LastError != "update canceled by somebody" {
				t.Errorf("state %+v", s)
			}
			if told := u.told(); !strings.HasSuffix(told, "rollback update canceled by somebody\nsnapshot rolled_back") {
				t.Errorf("told %s", told)
			}
			check(t, "cache", files(t, u.dirs.cache), "")
		})
	}
}

func TestAbsent(t *testing.T) {
	u := open(t, Options{Dir: t.TempDir()})
	if err := u.Available(t.Context()); !errors.Is(err, topic.ErrNotPresent) {
		t.Errorf("available: %v", err)
	}
	if _, err := u.Stage(t.Context(), u.uploaded()); !errors.Is(err, ErrNotPresent) {
		t.Errorf("stage: %v", err)
	}
}

func TestSecondProcess(t *testing.T) {
	u := open(t, Options{Dir: t.TempDir()})
	if _, err := Open(Options{Dir: u.dirs.base}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a second updater of the folder: %v", err)
	}
	u.Close()
	u.Close()
	if _, err := u.Stage(t.Context(), ImageRequest{}); err == nil {
		t.Error("a closed updater stages")
	}
	open(t, Options{Dir: u.dirs.base})
}

func TestHistoryIsBounded(t *testing.T) {
	u := open(t, Options{Engine: &script{}, Dir: t.TempDir(), MaxUploads: 2 * maxHistory})
	var last uuid.UUID
	for range maxHistory + 3 {
		last = u.staged()
		if err := u.Cancel(t.Context(), last, ""); err != nil {
			t.Fatal(err)
		}
	}
	if h := u.History(); len(h) != maxHistory || h[0].UpdateID != last {
		t.Errorf("%d updates in the history", len(h))
	}
}
