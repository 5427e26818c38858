package app

import (
	"fmt"
	"log/slog"

	"github.com/heliograph/heliograph/internal/changelog"
	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/helios"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/console"
	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/source/process"
	"github.com/heliograph/heliograph/internal/source/telemetry"
	"github.com/heliograph/heliograph/internal/source/uevent"
	"github.com/heliograph/heliograph/internal/source/usb"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
)

// sources are everything that reads or drives the device, each constructed here by
// name.
type sources struct {
	changes   *changelog.Log
	meter     *telemetry.Reader
	samples   *topic.Topic[telemetry.Sample]
	scanner   *process.Reader
	processes *topic.Topic[process.Snapshot]
	usb       *usb.Inventory
	devices   sensors
	updater   *ota.Updater
	streams   *video.Manager
	shells    *console.Manager // nil: switched off
	logs      []helios.LogSource
	units     helios.UnitStates
}

// openSources constructs them. What must be closed if something fails later is
// added to undo; that which only samples holds nothing before somebody asks.
func openSources(cfg config.Config, state *statedir.Dir, log *slog.Logger, undo *cleanups) (s sources, err error) {
	if s.changes, err = changelog.Open(changelog.Options{Dir: state.Path(), Logger: log}); err != nil {
		return s, fmt.Errorf("open the change journal: %w", err)
	}
	undo.add(func() { _ = s.changes.Close() })
	s.meter = telemetry.New(telemetry.Options{DataDir: dataDir(cfg, state), Logger: log})
	s.scanner = process.New(process.Options{Logger: log})
	s.samples, s.processes = sampled(cfg, log, s.meter, s.scanner)
	s.usb = usb.New(usb.Options{Hotplug: uevent.Watch(uevent.Options{Subsystems: []string{"usb"}, Logger: log}), Logger: log})
	s.devices = newSensors(cfg, state, log)
	if s.updater, err = newUpdater(cfg, state, log); err != nil {
		return s, err
	}
	undo.add(s.updater.Close)
	if s.streams, err = newStreams(cfg, state, log); err != nil {
		return s, err
	}
	undo.add(func() { _ = s.streams.Close() })
	s.shells = newConsole(cfg, log)
	s.logs, s.units = logSources(cfg, log)
	return s, nil
}

// topics lists those whose counters are exposed.
func (s sources) topics() []observed {
	return []observed{
		s.samples, s.processes, s.usb.Topic(), s.changes.Topic(), s.devices.imu.Topic(), s.devices.power.Topic(),
		s.devices.lighting.Topic(), s.devices.firmware.Topic(), s.updater.Events(),
	}
}

// closeSamplers stops what samples.
func (s sources) closeSamplers() {
	s.samples.Close()
	s.processes.Close()
	s.usb.Close()
	s.meter.Close()
	s.scanner.Close()
}
