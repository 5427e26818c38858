package channels

import (
	"fmt"
	"os"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestMain also makes this binary the program that prints on a console.
func TestMain(m *testing.M) {
	if size := os.Getenv(floodEnv); size != "" {
		if err := printFlood(size); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(device.Main(m))
}
