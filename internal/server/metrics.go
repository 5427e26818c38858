package server

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics count what the front door does. Labels have few values: patterns of
// routes, status codes and fixed words, never anything that a client chose.
type metrics struct {
	requests *prometheus.CounterVec
	refusals *prometheus.CounterVec
	panics   prometheus.Counter
}

func newMetrics(registry *prometheus.Registry, g *gate) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heliograph_http_requests_total", Help: "Requests answered, by route and status.",
		}, []string{"route", "status"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "heliograph_http_refused_total", Help: "Requests refused before a route, by the check that refused.",
		}, []string{"check"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "heliograph_http_panics_total", Help: "Handlers that panicked.",
		}),
	}
	if registry == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.requests, m.refusals, m.panics,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "heliograph_http_connections", Help: "Open connections that are not upgraded.",
		}, func() float64 { return float64(g.open()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "heliograph_http_connections_refused_total", Help: "Connections beyond the bounds.",
		}, func() float64 { return float64(g.refused.Load()) }),
	} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) request(route string, status int) {
	if route == "" {
		route = "none"
	}
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
}

// refused counts a refusal by host, origin, credentials or attempts.
func (m *metrics) refused(check string) { m.refusals.WithLabelValues(check).Inc() }

// serveHealth tells whether the server takes requests. Everybody may ask; it
// says nothing about the device.
func (s *Server) serveHealth(w http.ResponseWriter, r *http.Request) {
	if s.stopping.Load() {
		s.answer(w, r, http.StatusServiceUnavailable, map[string]bool{"ok": false})
		return
	}
	s.answer(w, r, http.StatusOK, map[string]bool{"ok": true})
}
