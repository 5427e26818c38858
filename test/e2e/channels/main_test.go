package channels

import (
	"flag"
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
	// Those that run in parallel do little but wait.
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(device.Main(m))
}
