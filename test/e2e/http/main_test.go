package http

import (
	"os"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestMain also plays the part of another user's program, see visitor_test.go.
func TestMain(m *testing.M) {
	if os.Getenv(visitorEnv) != "" {
		os.Exit(beVisitor())
	}
	os.Exit(device.Main(m))
}
