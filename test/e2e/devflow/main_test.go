package devflow

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// appEnv names the program that is looked into.
const appEnv = "HELIOGRAPH_TEST_APP"

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

// run builds the program and runs the tests.
func run(m *testing.M) int {
	// Each test has a server of its own, and mostly waits.
	if err := flag.Set("test.parallel", "6"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "heliograph-app-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	app := filepath.Join(dir, "app")
	if err := device.Build("github.com/heliograph/heliograph/test/e2e/devflow/app", app); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv(appEnv, app); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return device.Main(m)
}
