package devflow

import (
	"cmp"
	"slices"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/har"
	"github.com/heliograph/heliograph/internal/recorder"
)

// serveNetworkHAR answers GET /api/v1/network/requests.har: all buffered exchanges
// that pass the filter, in the order in which they began. Exchanges whose details had
// to make room are there without headers and bodies.
func serveNetworkHAR(c *call) error {
	var p wire.HARQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	filter := networkFilter{host: p.Host, method: p.Method}
	var list []recorder.Exchange
	for _, e := range c.api.rec.Network.Held() {
		if !filter.pass(e.Value) {
			continue
		}
		if x, _, ok := c.api.rec.Network.Find(e.Value.Exchange.ID); ok {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b recorder.Exchange) int { return cmp.Compare(a.Start.UnixNano(), b.Start.UnixNano()) })
	h := c.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="requests.har"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if err := har.Write(c.w, c.api.deps.Version, list); err != nil {
		c.api.log.Debug("write an archive", "err", err) // the client has gone
	}
	return nil
}
