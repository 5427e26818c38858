package client

import (
	"testing"
	"time"
)

func TestBackoffGrowsToItsLimitAndStaysRandom(t *testing.T) {
	b := backoff{conf: Reconnect{MinWait: 100 * time.Millisecond, MaxWait: time.Second}}
	for i, whole := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
		whole *= time.Millisecond
		if got := b.next(); got < whole/2 || got > whole {
			t.Errorf("pause %d is %v, want %v to %v", i, got, whole/2, whole)
		}
	}
	b.lived(10 * time.Millisecond)
	if got := b.next(); got < 500*time.Millisecond {
		t.Errorf("a short connection must not bring back short pauses, got %v", got)
	}
	b.lived(time.Minute)
	if got := b.next(); got > 100*time.Millisecond {
		t.Errorf("after a long connection the first pause is %v", got)
	}
}
