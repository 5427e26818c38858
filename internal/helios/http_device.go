package helios

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/host"
	"github.com/heliograph/heliograph/internal/source/process"
	"github.com/heliograph/heliograph/internal/source/telemetry"
	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// metricsWait bounds the wait for a first sample.
	metricsWait = 3 * time.Second
	// metricsProcesses is how many processes /device/metrics lists.
	metricsProcesses = 10
)

func (a *API) deviceRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/device/metrics", a.view(a.getMetrics))
	mux.Handle("GET /v1/device/os", a.view(a.getOS))
	mux.Handle("GET /v1/device/hostname", a.view(a.getHostname))
	mux.Handle("POST /v1/device/hostname", a.control(a.setHostname))
	a.sensorRoutes(mux)
}

func (a *API) getOS(w http.ResponseWriter, _ *http.Request) error {
	system, err := host.ReadOS(a.deps.Root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return failure(http.StatusNotFound, "this device has no os-release file")
	case err != nil:
		return err
	}
	writeJSON(w, http.StatusOK, wire.DeviceOS{
		ActiveRoot: system.ActiveRoot, BuildID: system.BuildID,
		PrettyName: system.PrettyName, VersionID: system.VersionID,
	})
	return nil
}

func (a *API) getHostname(w http.ResponseWriter, _ *http.Request) error {
	name, err := host.Hostname(a.deps.Root)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, wire.Hostname{Hostname: name})
	return nil
}

func (a *API) setHostname(w http.ResponseWriter, r *http.Request) error {
	var body wire.Hostname
	if err := decodeBody(r, &body); err != nil {
		return err
	}
	err := host.SetHostname(a.deps.Root, body.Hostname)
	switch {
	case errors.Is(err, host.ErrInvalidHostname):
		return failure(http.StatusBadRequest, "hostname: %s", err)
	case err != nil:
		return failure(http.StatusBadGateway, "%s", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// getMetrics answers from the same samplers that the channels use: a subscription
// makes them run, or joins those that do.
func (a *API) getMetrics(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeoutCause(r.Context(), metricsWait, context.DeadlineExceeded)
	defer cancel()
	sample, err := newest(ctx, a.deps.Telemetry)
	if err != nil {
		writeJSON(w, http.StatusOK, wire.DeviceMetrics{Freshness: unavailable(err)})
		return nil
	}
	processes, err := newest(ctx, a.deps.Processes)
	if err != nil {
		writeJSON(w, http.StatusOK, wire.DeviceMetrics{Freshness: unavailable(err)})
		return nil
	}
	m := metrics(sample.Value, processes.Value)
	at := millis(sample.Time)
	writeJSON(w, http.StatusOK, wire.DeviceMetrics{
		Freshness: wire.Freshness{State: "live", Reason: "live", ObservedAtMS: at, LastSuccessAtMS: at},
		Metrics:   &m,
	})
	return nil
}

// newest returns the newest event of a sampled topic, taking a sample if need
// be.
func newest[T any](ctx context.Context, t *topic.Topic[T]) (*topic.Event[T], error) {
	sub, err := t.Subscribe(topic.SubscribeOptions{Replay: 1})
	if err != nil {
		return nil, err
	}
	defer sub.Close()
	item, err := sub.Next(ctx)
	return item.Event, err
}

func unavailable(err error) wire.Freshness {
	f := wire.Freshness{State: "unavailable", Reason: "refresh_error", ObservedAtMS: nowMS()}
	if isTimeout(err) {
		f.Reason = "refresh_timeout"
	}
	return f
}

func metrics(s telemetry.Sample, p process.Snapshot) wire.Metrics {
	m := wire.Metrics{
		Status:         "ok",
		CPUAvgPct:      s.CPU.UsagePercent,
		MemTotalBytes:  s.Memory.Total,
		MemUsedBytes:   s.Memory.Used,
		SwapTotalBytes: s.Memory.SwapTotal,
		SwapUsedBytes:  s.Memory.SwapUsed,
		CPUs:           []wire.MetricsCPU{},
		Disks:          []wire.MetricsDisk{},
		Temps:          []wire.MetricsTemp{},
		Issues:         issues(s),
		Processes:      processesSnapshot(p, metricsProcesses).Processes,
	}
	var frequencies, known uint64
	for _, c := range s.CPU.Cores {
		core := wire.MetricsCPU{ID: c.ID, Name: "cpu" + uitoa(c.ID), Pct: c.UsagePercent}
		if c.FrequencyMHz != nil {
			core.FreqMHz = *c.FrequencyMHz
			frequencies, known = frequencies+core.FreqMHz, known+1
		}
		m.CPUs = append(m.CPUs, core)
	}
	if known > 0 {
		m.CPUFreqMHz = frequencies / known
	}
	for _, d := range s.Disks {
		m.Disks = append(m.Disks, wire.MetricsDisk{Mount: d.Mount, TotalBytes: d.Total, AvailableBytes: d.Free})
	}
	for _, t := range s.Temperatures {
		m.Temps = append(m.Temps, wire.MetricsTemp{Label: t.Label, TemperatureC: t.Celsius})
	}
	if len(m.Issues) > 0 {
		m.Status = "degraded"
	}
	return m
}

// issues names what a person should look at.
func issues(s telemetry.Sample) []wire.MetricsIssue {
	found := []wire.MetricsIssue{}
	add := func(is bool, code, description string) {
		if is {
			found = append(found, wire.MetricsIssue{Code: code, Description: description})
		}
	}
	if t := s.CPU.Throttle; t != nil {
		add(t.Undervoltage(), "undervoltage", "the supply voltage is too low")
		add(t.FrequencyCapped(), "frequency_capped", "the processor's frequency is capped")
		add(t.Throttled(), "throttled", "the processor is throttled")
		add(t.SoftTempLimit(), "soft_temp_limit", "the soft temperature limit is active")
	}
	for _, d := range s.Disks {
		add(d.Stale, "disk_not_answering", "the filesystem on "+d.Mount+" does not answer")
		add(d.Total > 0 && d.Free*20 < d.Total, "disk_nearly_full", "less than 5 % is free on "+d.Mount)
	}
	return found
}
