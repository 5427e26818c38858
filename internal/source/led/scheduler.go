package led

import (
	"slices"
	"time"
)

// tick is the time between two pictures of an animation.
const tick = 40 * time.Millisecond

// run is an animation that moves. While it lasts, the strip is its own.
type run struct {
	animation Animation
	start     time.Time
	stop      chan struct{}
	done      chan struct{} // closed when the strip is no longer used
}

// startLocked starts the goroutine that shows an animation. frame is what is
// shown now; it belongs to the goroutine.
func (c *Controller) startLocked(a Animation, frame []Color, count int, brightness uint8, start time.Time) {
	r := &run{animation: a, start: start, stop: make(chan struct{}), done: make(chan struct{})}
	c.run = r
	strip := c.strip
	c.workers.Go(func() {
		err := r.animate(strip, frame, count, brightness)
		close(r.done)
		if err != nil {
			c.failed(r, err)
		}
	})
}

// stopLocked ends the running animation and waits until the strip is free.
func (c *Controller) stopLocked() {
	if c.run != nil {
		close(c.run.stop)
		<-c.run.done
		c.run = nil
	}
}

// animate shows a picture per tick until it is stopped or the strip fails.
func (r *run) animate(strip Strip, frame []Color, count int, brightness uint8) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	shown := slices.Clone(frame)
	for {
		select {
		case <-r.stop:
			return nil
		case <-ticker.C:
		}
		r.animation.draw(frame[:count], time.Since(r.start))
		if slices.Equal(frame, shown) {
			continue
		}
		if err := strip.Show(frame, brightness); err != nil {
			return err
		}
		copy(shown, frame)
	}
}

// failed tells that an animation has ended because the lights could not be set.
func (c *Controller) failed(r *run, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != r {
		return
	}
	c.run = nil
	c.opts.Logger.Warn("animation ended", "err", err)
	c.lostLocked()
}
