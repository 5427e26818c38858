package attach

import (
	"strings"
	"testing"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// TestServe: the daemon shows the page of a real browser beside the device, and goes
// on serving without it.
func TestServe(t *testing.T) {
	b := startBrowser(t, 0)
	x := b.first()
	d := device.Start(t, device.Options{Args: []string{"--cdp", b.url(), "--name", "the page"}})
	device.Poll(t, "the page to be found", func() bool { return strings.Contains(d.Log(), "attached to a page") })
	logs := d.Dial("/ws/v1/logs?level=trace")
	logs.Expect("replay")
	x.eval("console.warn('from the page')")
	logs.Find("what the page says", func(m device.Message) bool { return strings.Contains(string(m.Data), "from the page") })
	if r := d.Get("/api/v1/agent/status"); r.Status != 200 || !strings.Contains(string(r.Body), `"the page"`) {
		t.Errorf("%d %s", r.Status, r.Body)
	}
	b.kill()
	device.Poll(t, "the page to be gone", func() bool { return strings.Contains(d.Log(), "the page is gone") })
	if r := d.Get("/v1/health"); r.Status != 200 {
		t.Errorf("the device: %d", r.Status)
	}
}
