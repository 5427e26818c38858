package channels

import (
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestTelemetry(t *testing.T) {
	d := device.Start(t, device.Options{})
	s := d.Dial("/v1/ws/telemetry?interval_ms=250")
	s.Next()
	s.Next()
	t.Log(d.Token(), d.RSS(), len(d.Files()))
	d.Stop()
	if c, _ := s.WaitClose(); c != 1001 {
		t.Error(c)
	}
}
