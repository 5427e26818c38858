package logfile

import (
	"context"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher tells when it is worth looking at a file: soon after its folder says
// that something happened to one of its names, and after the poll time anyway.
// It watches the folders of all names that lead to the file, for a symbolic
// link and its target may lie in different ones. Links inside the folders'
// own paths are left to the polling.
type watcher struct {
	notify  *fsnotify.Watcher // nil: there is only polling
	poll    *time.Ticker
	names   map[string]bool // cleaned
	folders map[string]bool
	changed bool // a name may now stand for another file
}

// pollOnly is the poll time when inotify is not to be had, for example because
// the user has used up max_user_instances.
const pollOnly = 250 * time.Millisecond

func newWatcher(names []string, poll time.Duration) *watcher {
	w := &watcher{}
	if notify, err := fsnotify.NewWatcher(); err == nil {
		w.notify = notify
	} else {
		poll = min(poll, pollOnly)
	}
	w.poll = time.NewTicker(poll)
	w.setNames(names)
	return w
}

// close may be called on nil.
func (w *watcher) close() {
	if w == nil {
		return
	}
	w.poll.Stop()
	if w.notify != nil {
		w.notify.Close()
	}
}

// setNames replaces the names that matter.
func (w *watcher) setNames(names []string) {
	old := w.folders
	w.names, w.folders = map[string]bool{}, map[string]bool{}
	for _, name := range names {
		name = filepath.Clean(name)
		w.names[name] = true
		w.folders[filepath.Dir(name)] = true
	}
	for folder := range old {
		if !w.folders[folder] && w.notify != nil {
			_ = w.notify.Remove(folder) // it may be gone
		}
	}
	w.watchFolders()
	w.changed = true
}

// watchFolders watches all folders again: one that was removed and made anew
// has lost its watch, one that is missing is tried at each poll.
func (w *watcher) watchFolders() {
	for folder := range w.folders {
		if w.notify != nil {
			_ = w.notify.Add(folder)
		}
	}
}

// namesMayHaveChanged reports whether a name may stand for another file since
// the last call.
func (w *watcher) namesMayHaveChanged() bool {
	changed := w.changed
	w.changed = false
	return changed
}

// wait returns nil when it is time to look, or ctx's cause.
func (w *watcher) wait(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.poll.C:
			w.watchFolders()
			w.changed = true
			return nil
		case <-w.errors():
			w.changed = true // events were lost
			return nil
		case event := <-w.events():
			if w.matters(event) {
				w.coalesce()
				return nil
			}
		}
	}
}

// coalesce takes the events that are there already: one look answers them all.
func (w *watcher) coalesce() {
	for {
		select {
		case event := <-w.notify.Events:
			w.matters(event)
		default:
			return
		}
	}
}

// matters notes what an event means and reports whether to look.
func (w *watcher) matters(event fsnotify.Event) bool {
	if !w.names[event.Name] && !w.folders[event.Name] {
		return false
	}
	if event.Op&^fsnotify.Write != 0 {
		w.changed = true
	}
	return true
}

func (w *watcher) events() <-chan fsnotify.Event {
	if w.notify == nil {
		return nil
	}
	return w.notify.Events
}

func (w *watcher) errors() <-chan error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Errors
}
