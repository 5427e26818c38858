package faults

import (
	"os"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestMain also plays the part of a client that can be stopped, see peer_test.go.
func TestMain(m *testing.M) {
	if path := os.Getenv(holderEnv); path != "" {
		os.Exit(holdConnections())
	}
	os.Exit(device.Main(m))
}
