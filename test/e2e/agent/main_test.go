package agent

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "4"); err != nil { // mostly waiting
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(device.Main(m))
}

// get reads the answer of an endpoint, which must be 200.
func get[T any](t *testing.T, d *device.Device, path string) T {
	t.Helper()
	var v T
	r := d.Get(path)
	if r.Status != 200 {
		t.Fatalf("GET %s: status %d: %s", path, r.Status, r.Body)
	}
	d.JSON(r, &v)
	return v
}
