package devflow

import (
	"net/http"
	"strconv"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
)

// serveLogList answers GET /api/v1/logs.
func serveLogList(c *call) error {
	var p wire.LogsQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	filter := newLogFilter(p.Source, p.Level, recorder.Trace)
	return answerList(c, newest(c.api.rec.Logs.Held(), p.Skip, p.Limit, filter.pass), logItem)
}

// answerList answers with items that were encoded already, as a rule.
func answerList[T any](c *call, events []*recorder.Event[T], toWire func(T, bool) any) error {
	data, err := list(events, c.mirror, toWire)
	if err != nil {
		return err
	}
	writeRaw(c.w, http.StatusOK, data)
	return nil
}

// serveNetworkList answers GET /api/v1/network/requests.
func serveNetworkList(c *call) error {
	var p wire.NetworkQuery
	if err := c.query.fill(&p); err != nil {
		return err
	}
	filter := networkFilter{host: p.Host, method: p.Method}
	for _, name := range []string{"statusCode", "status"} { // the later name wins
		if n, err := strconv.Atoi(c.query[name]); err == nil && n >= 100 && n <= 599 {
			filter.status = n
		}
	}
	limit := min(p.Limit, max(c.api.rec.Network.Capacity(), 1))
	return answerList(c, newest(c.api.rec.Network.Held(), 0, limit, filter.pass), networkItem)
}

// serveNetworkDetail answers GET /api/v1/network/requests/{id}.
func serveNetworkDetail(c *call) error {
	x, gone, ok := c.api.rec.Network.Find(c.arg)
	if !ok {
		return fail(http.StatusNotFound, "not_found", "Network request '%s' not found", bounded(c.arg))
	}
	return c.json(toDetail(x, gone))
}

// serveNetworkClear answers DELETE /api/v1/network/requests.
func serveNetworkClear(c *call) error {
	c.api.rec.Network.Clear()
	return c.done("Network requests cleared")
}
