package fusion_test

import (
	"testing"

	"github.com/heliograph/heliograph/internal/fusion"
)

// BenchmarkTracker is the cost of one sample of nine axes.
func BenchmarkTracker(b *testing.B) {
	var tr fusion.Tracker
	c := config()
	c.UseMag = true
	accel, gyro, mag := fusion.Vec3{X: 0.1, Z: 0.99}, fusion.Vec3{Z: 12}, fusion.Vec3{X: 0.2, Z: -0.4}
	b.ReportAllocs()
	for b.Loop() {
		tr.Update(c, fusion.Sample{Accel: &accel, Gyro: &gyro, Mag: &mag}, 0.01)
	}
}
