package changelog

import (
	"fmt"
	"os"
	"time"
)

// connectLocked opens the files that are not open, reserves revisions and writes
// what is missing.
func (l *Log) connectLocked() {
	if l.opts.Dir == "" {
		return
	}
	err := l.openLocked()
	if err == nil {
		err = l.writeLocked()
	}
	if err != nil {
		l.failLocked(err)
		return
	}
	if l.broken != nil {
		l.opts.Logger.Info("change journal works again", "lost", l.lost)
		l.broken, l.since = nil, time.Time{}
	}
	if l.store.dirty {
		l.kickTend()
	}
}

func (l *Log) openLocked() error {
	if err := os.MkdirAll(l.opts.Dir, 0o700); err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	var err error
	if l.mark == nil {
		if l.mark, err = openMark(l.opts.Dir); err != nil {
			l.mark = nil
			return err
		}
	}
	if highest := l.counters.highest; highest >= l.mark.value {
		err = l.mark.raise(highest + reserveStep)
	}
	if err == nil && l.store == nil {
		if l.store, err = openStore(l.opts.Dir, l.opts.MaxBytes/2); err != nil {
			l.store = nil
		}
	}
	return err
}

// reserveLocked sees to it that the mark on disk is not below a revision that is
// about to be handed out.
func (l *Log) reserveLocked(revision uint64) {
	if l.mark == nil || l.broken != nil || revision <= l.mark.value {
		return
	}
	if err := l.mark.raise(revision + reserveStep); err != nil {
		l.failLocked(err)
	}
}

// unsavedLocked counts an entry that has just been kept as not yet written. The
// history is also the queue of the file; what is pushed out of it is lost.
func (l *Log) unsavedLocked() {
	if l.opts.Dir == "" || l.closed {
		return
	}
	if l.unsaved++; l.unsaved > l.opts.Keep {
		l.unsaved--
		l.lost++
	}
}

// saveLocked writes the entry that has just been kept, unless the file is known
// not to work: then the next attempt is tend's.
func (l *Log) saveLocked() {
	if l.store == nil || l.broken != nil {
		return
	}
	if err := l.writeLocked(); err != nil {
		l.failLocked(err)
		return
	}
	l.kickTend()
}

// writeLocked writes the missing entries in order.
func (l *Log) writeLocked() error {
	for ; l.unsaved > 0; l.unsaved-- {
		if err := l.store.append(l.history.at(len(l.history.items) - l.unsaved)); err != nil {
			return err
		}
	}
	return nil
}

// failLocked notes that the file does not work. The store is opened anew at the
// next attempt, since only that finds out what is really in it.
func (l *Log) failLocked(err error) {
	if l.broken == nil {
		l.since = l.opts.Now()
		l.opts.Logger.Warn("change journal not written, working in memory", "err", err)
	}
	l.broken = err
	if l.store != nil {
		_ = l.store.file.Close()
		l.store = nil
	}
	l.kickTend()
}

func (l *Log) kickTend() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// tend puts on disk what was written, a while after the first entry, and tries
// again while the file does not work. With nothing to do it has no timer.
func (l *Log) tend() {
	defer close(l.done)
	for {
		select {
		case <-l.stop:
			return
		case <-l.kick:
		}
		timer := time.NewTimer(l.tendDelay())
		select {
		case <-l.stop:
			timer.Stop()
			return
		case <-timer.C:
		}
		l.settle()
	}
}

func (l *Log) tendDelay() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return retryDelay
	}
	return syncDelay
}

// settle is one turn of tend.
func (l *Log) settle() {
	l.mu.Lock()
	if l.broken != nil {
		l.connectLocked()
		l.mu.Unlock()
		return
	}
	s := l.store
	var file *os.File
	if s != nil && s.dirty {
		file, s.dirty = s.file, false
	}
	l.mu.Unlock()
	if file == nil {
		return
	}
	// Outside the lock: a slow disk must not hold up those who record. If the
	// file is rotated meanwhile, it was synced by that.
	err := file.Sync()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && l.store == s && s.file == file {
		s.dirty = true
		l.failLocked(fmt.Errorf("sync change journal: %w", err))
	}
}
