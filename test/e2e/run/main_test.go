package run

import (
	"os"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestMain(m *testing.M) { os.Exit(device.Main(m)) }
