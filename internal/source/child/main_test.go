package child

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// witnessEnv makes the test binary a witness.
const witnessEnv = "CHILD_TEST_WITNESS"

func TestMain(m *testing.M) {
	if os.Getenv(witnessEnv) != "" {
		Witness(os.Stdin, os.Stdout)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
