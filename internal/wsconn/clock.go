package wsconn

import (
	"math"
	"sync/atomic"
	"time"
)

// moment is a point on the hub's own clock, in nanoseconds since it was made,
// from 1. Unlike the time of day it does not jump when the device's clock is
// set, which on devices without a battery happens after every start.
type moment int64

const (
	never  moment = 0
	always moment = math.MaxInt64 // later than any other
)

// now returns the present moment.
func (h *Hub) now() moment { return moment(time.Since(h.began)) + 1 }

// since returns how long ago m was, at now. It is negative for later moments.
func (now moment) since(m moment) time.Duration { return time.Duration(now - m) }

// add returns the moment d later.
func (now moment) add(d time.Duration) moment { return now + moment(d) }

// atomicMoment is a moment shared between goroutines.
type atomicMoment struct{ value atomic.Int64 }

func (a *atomicMoment) get() moment  { return moment(a.value.Load()) }
func (a *atomicMoment) set(m moment) { a.value.Store(int64(m)) }

// setOnce sets the moment if it was never, and reports whether it did.
func (a *atomicMoment) setOnce(m moment) bool { return a.value.CompareAndSwap(int64(never), int64(m)) }
