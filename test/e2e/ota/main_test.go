package ota

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestMain(m *testing.M) {
	// Those that run in parallel do little but wait.
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(device.Main(m))
}
