package iio_test

import (
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/testkit/faketree"
)

// BenchmarkPoll is the cost of one reading of nine axes by polling, without that
// of the bus.
func BenchmarkPoll(b *testing.B) {
	tree := faketree.Build(b, chip(0, onI2C, sixAxis()).Plus(chip(1, "platform/i2c-1/1-001e", magnetometer())))
	u, err := iio.Hardware(tree.Root, nil)(50 * time.Millisecond)
	if err != nil {
		b.Fatal(err)
	}
	defer u.Close()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.Read(); err != nil {
			b.Fatal(err)
		}
	}
}
