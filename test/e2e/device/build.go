package device

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binaryEnv names a binary to test instead of one built from this tree. It is
// also how a test's main tells its tests where the built one is.
const binaryEnv = "HELIOGRAPH_BIN"

// Main builds the binary, runs the tests and returns the exit code; a TestMain
// calls it. The binary is built with the race detector if the tests are.
func Main(m *testing.M) int {
	if os.Getenv(binaryEnv) != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "heliograph-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "heliograph")
	if err := Build("github.com/heliograph/heliograph/cmd/heliograph", path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := os.Setenv(binaryEnv, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Build makes the program of a package as the product is shipped, or with the race
// detector.
func Build(pkg, path string) error {
	args, cgo := []string{"build", "-o", path}, "0"
	if Race {
		args, cgo = append(args, "-race"), "1"
	}
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgo)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
	}
	return nil
}

// Binary returns the path of the binary under test.
func Binary() (string, error) {
	if path := os.Getenv(binaryEnv); path != "" {
		return path, nil
	}
	return "", errors.New("no binary: the tests are run without device.Main")
}
