package device

import (
	"testing"
	"time"
)

// Patience bounds every wait of a test for something that must happen.
const Patience = 30 * time.Second

// Poll waits until ready returns true, and fails the test when that takes longer
// than Patience.
func Poll(t testing.TB, what string, ready func() bool) {
	t.Helper()
	PollFor(t, Patience, what, ready)
}

// PollFor is Poll with another limit.
func PollFor(t testing.TB, limit time.Duration, what string, ready func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(limit); !ready(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("timed out waiting for %s", what)
			return // where t is one that goes on
		}
	}
}
