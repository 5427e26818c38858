package procfile_test

import (
	"net"
	"testing"

	"github.com/heliograph/heliograph/internal/procfile"
)

// TestSysfsIsReadAnew reads a counter of the kernel through a file that stays
// open while packets flow.
func TestSysfsIsReadAnew(t *testing.T) {
	file, err := procfile.Open("/sys/class/net/lo/statistics/rx_bytes")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	before, ok := file.Int()
	if !ok {
		t.Fatal("the counter cannot be read")
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.WriteTo(make([]byte, 1000), conn.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := conn.ReadFrom(make([]byte, 2000)); err != nil {
		t.Fatal(err)
	}
	if after, ok := file.Int(); !ok || after < before+1000 {
		t.Errorf("%d before, %d after 1000 bytes, %v", before, after, ok)
	}
}

// TestMountTableAnnouncesChanges only looks at the quiet side: nothing has
// changed since the file was opened, or was asked before.
func TestMountTableAnnouncesChanges(t *testing.T) {
	file, err := procfile.Open("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	changes := 0
	for range 50 { // others may mount something meanwhile
		if file.Changed() {
			changes++
		}
	}
	if changes > 25 {
		t.Errorf("%d changes in a row", changes)
	}
}
