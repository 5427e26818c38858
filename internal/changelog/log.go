package changelog

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// Defaults of [Options].
const (
	DefaultKeep     = 1024
	DefaultMaxBytes = 2 << 20
	DefaultSubjects = 4096
)

// topicHistory is the number of changes that the topic holds: how far a
// subscriber may fall behind.
const topicHistory = 1024

const (
	// syncDelay is how long an entry may be in the kernel before it is put on disk,
	// so that a burst of changes costs one sync.
	syncDelay = time.Second
	// retryDelay is the time between two attempts to write after a failure.
	retryDelay = 5 * time.Second
	// reserveStep is how far the mark is raised above the revisions in use.
	reserveStep = 1 << 16
)

// Options describe a journal. The zero value keeps it in memory only.
type Options struct {
	// Dir is the state directory, made if need be; "" means no file.
	Dir string
	// Logger gets a warning when the file fails and a note when it works again;
	// nil means no log.
	Logger *slog.Logger
	// Now tells the time of day; nil means time.Now.
	Now func() time.Time
	// Keep bounds the entries held for Recent, and those that wait for the file to
	// work again; 0 means 1024. An entry is at most about 4 KiB, usually 400 bytes.
	Keep int
	// MaxBytes bounds the journal's two files together; 0 means 2 MiB, and the
	// least is 128 KiB.
	MaxBytes int64
	// MaxSubjects bounds the pairs of kind and resource id whose revisions are
	// counted; 0 means 4096. One that is forgotten begins again above what it had.
	MaxSubjects int
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	o.MaxBytes = max(o.MaxBytes, 2*maxLine)
	if o.MaxSubjects <= 0 {
		o.MaxSubjects = DefaultSubjects
	}
	return o
}

// Log is the change journal. All methods are safe for concurrent use. Release it
// with [Log.Close].
type Log struct {
	opts  Options
	topic *topic.Topic[Event]

	mu       sync.Mutex
	seq      uint64
	counters *counters
	history  ring
	mark     *mark  // nil: no file, or not to be had now
	store    *store // nil: likewise
	unsaved  int    // how many of the newest entries are not in the file
	lost     uint64
	skipped  int
	broken   error // why the file does not work
	since    time.Time
	closed   bool

	kick chan struct{} // something to put on disk, or to try again
	stop chan struct{}
	done chan struct{}
}

// Open makes a journal and reads what earlier processes left in opts.Dir. A
// directory or file that cannot be used does not fail it: the journal then works
// in memory and [Log.Health] tells why. The only error is that of a path that can
// never work, since it names something that is not a directory.
func Open(opts Options) (*Log, error) {
	opts = opts.withDefaults()
	l := &Log{
		opts:    opts,
		topic:   topic.New(topic.Options[Event]{Name: "changes", HistoryItems: topicHistory, Logger: opts.Logger}),
		history: ring{limit: opts.Keep},
		kick:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		done:    make(chan struct{}),
	}
	floor := startFloor(opts.Now())
	if opts.Dir != "" {
		if info, err := os.Stat(opts.Dir); err == nil && !info.IsDir() {
			return nil, fmt.Errorf("open change journal: %s is not a directory", opts.Dir)
		}
		floor = max(floor, l.restore())
	}
	l.counters = newCounters(floor, opts.MaxSubjects)
	l.mu.Lock()
	l.connectLocked()
	l.mu.Unlock()
	go l.tend()
	return l, nil
}

// startFloor is the highest revision that an earlier process can have used if it
// too began at its start time and made less than one change per millisecond.
func startFloor(now time.Time) uint64 {
	if ms := now.UnixMilli(); ms > 0 && ms < maxRevision/2 {
		return uint64(ms - 1)
	}
	return 0
}

// restore reads the journal into the history and returns the highest revision
// that an earlier process may have handed out.
func (l *Log) restore() uint64 {
	floor := readMark(l.opts.Dir)
	skipped, err := load(l.opts.Dir, l.opts.MaxBytes/2, func(e Event) {
		floor = max(floor, e.Revision)
		l.history.push(e)
	})
	if err != nil {
		l.opts.Logger.Warn("change journal not readable", "err", err)
	}
	if skipped > 0 {
		l.opts.Logger.Warn("change journal has unreadable lines", "lines", skipped)
	}
	l.skipped = skipped
	return floor
}

// Record numbers, keeps and publishes what c tells and returns it. It waits for
// the kernel to take the entry, not for the disk, except once per 65,536
// revisions; it never fails.
func (l *Log) Record(c Change) Event {
	e, change := newEvent(c)
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Epoch, e.TimestampMS = l.topic.Epoch(), l.opts.Now().UnixMilli()
	if change {
		l.seq++
		e.Seq, e.Revision = l.seq, l.counters.next(subjectOf(e))
		l.reserveLocked(e.Revision)
	}
	l.history.push(e)
	l.unsavedLocked()
	l.saveLocked()
	if change {
		l.topic.Publish(e)
	}
	return e
}

// Topic returns the stream of changes, audit entries excluded. Its events have
// the sequence numbers of their values. It holds 1024 of them.
func (l *Log) Topic() *topic.Topic[Event] { return l.topic }

// Recent returns the newest n entries, changes and audit entries, oldest first;
// all that are held if n is negative. Those of earlier processes have another
// Epoch. The slice is the caller's.
func (l *Log) Recent(n int) []Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.history.newest(n)
}

// Health tells whether the journal file is what it should be.
type Health struct {
	// Durable is true while every entry is handed to the file at once. It is false
	// for a journal that has no directory.
	Durable bool
	// Err says why the file does not work; nil if it does or there is none. It
	// wraps ErrInUse or an error of the operating system such as ENOSPC or EROFS.
	Err error
	// Since is when it stopped working; zero if it works.
	Since time.Time
	// Unsaved is the number of entries that wait in memory for the file.
	Unsaved int
	// Lost is the number of entries that left memory before they could be written.
	Lost uint64
	// Skipped is the number of lines that were not readable at the start.
	Skipped int
}

// Health returns the state of the journal file.
func (l *Log) Health() Health {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Health{
		Durable: l.store != nil && l.broken == nil,
		Err:     l.broken,
		Since:   l.since,
		Unsaved: l.unsaved,
		Lost:    l.lost,
		Skipped: l.skipped,
	}
}

// Close writes what is missing, puts it on disk, closes the topic and stops the
// journal's goroutine. It returns the reason if entries could not be written.
// Entries recorded after it are numbered but neither written nor published.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		<-l.done
		return nil
	}
	l.closed = true
	close(l.stop)
	l.mu.Unlock()
	<-l.done
	l.topic.Close()

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		l.connectLocked()
	}
	err := l.broken
	if l.store != nil {
		err = errors.Join(err, l.store.close())
		l.store = nil
	}
	if l.mark != nil {
		_ = l.mark.close()
		l.mark = nil
	}
	return err
}
