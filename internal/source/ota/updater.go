package ota

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/topic"
)

// Defaults of [Options].
const (
	DefaultMaxImageBytes = 2048 << 20
	DefaultQuotaBytes    = 4096 << 20
	DefaultMaxUploads    = 16
	DefaultKeepUploads   = 7 * 24 * time.Hour
	DefaultRebootDelay   = 2 * time.Second
	DefaultConfirmAfter  = 30 * time.Second
)

const (
	eventHistory = 1024
	maxHistory   = 20
	// Bounds of the delay before an engine that gives no answer is asked again,
	// and how long it is asked what became of an installation.
	askMin      = time.Second
	askMax      = time.Minute
	askPatience = 10 * time.Minute
)

// Options describe an updater.
type Options struct {
	// Engine writes the slots; nil means [None].
	Engine Engine
	// Dir is the folder of all that the updater stores: state, uploads, cache and
	// work. It is made if it is missing. It must be on a file system that both
	// slots share, or an update is forgotten by the reboot and not confirmed.
	Dir string

	// MaxImageBytes bounds one image; 0 means 2048 MiB.
	MaxImageBytes int64
	// QuotaBytes bounds all uploads together; 0 means 4096 MiB.
	QuotaBytes int64
	// MaxUploads bounds the number of uploads, stored and under way; 0 means 16.
	MaxUploads int
	// KeepUploads is how old an upload may become; what is older is removed at the
	// start and before the next upload. 0 means 7 days, negative means for ever.
	KeepUploads time.Duration

	// Window tells when an update that was ordered now may be applied; nil means
	// at once. It must not block.
	Window func(now time.Time) time.Time
	// Reboot restarts the device. Nil: somebody else does that, and the update
	// stays in rebooting until then. It is called once per update, RebootDelay
	// (0 means 2 s) after clients were told.
	Reboot      func(context.Context) error
	RebootDelay time.Duration
	// Health is asked once, ConfirmAfter (0 means 30 s, negative means at once)
	// after the first start of a new system, whether it is to be kept; nil means
	// that having run that long is enough. An error rolls back, and reboots.
	Health       func(context.Context) error
	ConfirmAfter time.Duration

	// Logger may be nil.
	Logger *slog.Logger
}

func (o *Options) setDefaults() {
	if o.Engine == nil {
		o.Engine = None{}
	}
	o.MaxImageBytes = cmp.Or(o.MaxImageBytes, DefaultMaxImageBytes)
	o.QuotaBytes = cmp.Or(o.QuotaBytes, DefaultQuotaBytes)
	o.MaxUploads = cmp.Or(o.MaxUploads, DefaultMaxUploads)
	o.KeepUploads = cmp.Or(o.KeepUploads, DefaultKeepUploads)
	o.RebootDelay = cmp.Or(o.RebootDelay, DefaultRebootDelay)
	o.ConfirmAfter = cmp.Or(o.ConfirmAfter, DefaultConfirmAfter)
	if o.Window == nil {
		o.Window = func(now time.Time) time.Time { return now }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Updater runs updates, one at a time. Its methods are safe for concurrent use.
type Updater struct {
	opts    Options
	engine  Engine
	log     *slog.Logger
	dirs    dirs
	uploads *uploads
	events  *topic.Topic[Event]
	lock    *os.File

	ctx    context.Context // done when the updater is closed
	cancel context.CancelCauseFunc
	jobs   sync.WaitGroup

	mu      sync.Mutex
	rec     record
	percent int    // of the present stage, -1 if there is none
	detail  string // told with the last progress
	job     *job
	changed chan struct{} // closed and replaced at each change of stage
	closed  bool
}

// Open reads the state in opts.Dir, takes up what was interrupted, and returns
// the updater, which must be closed. It fails when the folder cannot be used or
// another process uses it. It does not wait for the engine.
func Open(opts Options) (*Updater, error) {
	opts.setDefaults()
	d, err := makeDirs(opts.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := lockDir(d.base)
	if err != nil {
		return nil, err
	}
	up, err := openUploads(d.uploads, opts)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	u := &Updater{
		opts: opts, engine: opts.Engine, log: opts.Logger, dirs: d, uploads: up, lock: lock,
		events:  topic.New(topic.Options[Event]{Name: "ota", HistoryItems: eventHistory, Logger: opts.Logger}),
		percent: -1,
		changed: make(chan struct{}),
	}
	u.ctx, u.cancel = context.WithCancelCause(context.Background())
	u.rec = u.loadRecord()
	u.sweepCache()
	u.mu.Lock()
	defer u.mu.Unlock()
	u.takeUpLocked()
	return u, nil
}

// lockDir sees to it that one process at a time uses the folder.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the updater's folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the updater's folder: another process uses %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// Close stops what is under way, waits for it, and ends the subscriptions. What
// was under way is taken up by the next Open. Closing twice is allowed.
func (u *Updater) Close() {
	u.mu.Lock()
	first := !u.closed
	u.closed = true
	u.mu.Unlock()
	u.cancel(ErrClosed)
	u.jobs.Wait()
	if first {
		u.events.Close()
		u.uploads.close()
		_ = u.lock.Close() // nothing was written to it
	}
}

// Available tells whether there is an engine that works; an error that wraps
// [ErrNotPresent] says that this device has none.
func (u *Updater) Available(ctx context.Context) error { return u.engine.Present(ctx) }

// Features tells what the engine is.
func (u *Updater) Features() Features { return u.engine.Features() }

// Slots reads the slots of the device.
func (u *Updater) Slots(ctx context.Context) ([]Slot, error) { return u.engine.Slots(ctx) }

// Snapshot returns the state of the newest update.
func (u *Updater) Snapshot() Snapshot {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.snapshotLocked()
}

// Subscribe returns the state as it is and a lossless subscription to exactly
// what happens afterwards. The subscription must be closed by the caller; wake
// is as in [topic.SubscribeOptions] and may be nil. A subscriber that lags ends
// with [topic.ErrLagged], and may subscribe anew: nothing but progress is lost.
func (u *Updater) Subscribe(wake func()) (Snapshot, *topic.Subscription[Event], error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	sub, err := u.events.Subscribe(topic.SubscribeOptions{Policy: topic.Lossless, Wake: wake})
	if err != nil {
		return Snapshot{}, nil, err
	}
	return u.snapshotLocked(), sub, nil
}

// Events is the topic of events, for counters.
func (u *Updater) Events() *topic.Topic[Event] { return u.events }

// History returns the updates that have ended, newest first, 20 at the most.
func (u *Updater) History() []State {
	u.mu.Lock()
	defer u.mu.Unlock()
	h := slices.Clone(u.rec.History)
	slices.Reverse(h)
	return h
}

func (u *Updater) snapshotLocked() Snapshot {
	s := Snapshot{CacheUsageBytes: usage(u.dirs.cache)}
	if c := u.rec.Current; c != nil {
		state := c.State
		if u.percent >= 0 {
			p := uint8(u.percent)
			state.Percent = &p
		}
		s.State = &state
	}
	return s
}
