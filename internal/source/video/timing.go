package video

import "time"

// WindowSize is the number of frames that averages are taken over: four seconds at
// 30 frames per second.
const WindowSize = 120

// window remembers when the last frames passed a stage and how long each was worked
// on. It is guarded by its owner.
type window struct {
	at    [WindowSize]time.Time
	work  [WindowSize]time.Duration
	held  int
	next  int
	count uint64
}

func (w *window) add(at time.Time, work time.Duration) {
	w.at[w.next], w.work[w.next] = at, work
	w.next = (w.next + 1) % WindowSize
	w.held = min(w.held+1, WindowSize)
	w.count++
}

// restart forgets the times, so that a pause does not count as a slow frame. The
// count goes on.
func (w *window) restart() { w.held, w.next = 0, 0 }

// back returns the index of the entry n before the newest.
func (w *window) back(n int) int { return (w.next - 1 - n + 2*WindowSize) % WindowSize }

// Stage is how frames pass one stage, over the last 120 of them.
type Stage struct {
	FPS          float64       // 0 if none has passed lately
	Interval     time.Duration // mean time between two frames; 0 if FPS is
	LastInterval time.Duration // between the newest two
	Work         time.Duration // mean time spent on a frame
	LastWork     time.Duration
	Count        uint64 // frames since the stream was made
}

// stage returns the averages as of now. A stage that nothing has passed for more
// than a second and five intervals has no rate.
func (w *window) stage(now time.Time) Stage {
	s := Stage{Count: w.count}
	if w.held == 0 {
		return s
	}
	newest := w.back(0)
	var sum time.Duration
	for i := range w.held {
		sum += w.work[w.back(i)]
	}
	s.Work, s.LastWork = sum/time.Duration(w.held), w.work[newest]
	if w.held < 2 {
		return s
	}
	s.LastInterval = w.at[newest].Sub(w.at[w.back(1)])
	mean := w.at[newest].Sub(w.at[w.back(w.held-1)]) / time.Duration(w.held-1)
	if mean <= 0 || now.Sub(w.at[newest]) > time.Second+5*mean {
		return s
	}
	s.Interval, s.FPS = mean, float64(time.Second)/float64(mean)
	return s
}
