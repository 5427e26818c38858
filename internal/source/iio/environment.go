package iio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// maxProbes bounds the channels that an [Environment] keeps open.
const maxProbes = 64

// Measurement is a number that a sensor gives.
type Measurement struct {
	Device  string // for people to read
	Channel string // in the words of the kernel, for example "in_pressure"
	Kind    Kind
	Value   float64 // in the unit of Kind.Unit
}

// Surroundings is one look at the sensors of pressure, temperature, humidity,
// light and proximity.
type Surroundings struct {
	Time         time.Time
	Measurements []Measurement
	Errors       []string // of sensors that could not be read
}

// Environment reads the sensors that measure what is around the device.
type Environment struct {
	root  string
	log   *slog.Logger
	topic *topic.Topic[Surroundings]
}

// NewEnvironment returns the sensors under root, which is "/" but in tests. A nil
// logger means no log.
func NewEnvironment(root string, log *slog.Logger) *Environment {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e := &Environment{root: root, log: log}
	e.topic = topic.New(topic.Options[Surroundings]{Name: "environment", HistoryItems: 2, Source: e.run, Retry: true, Logger: log})
	return e
}

// Topic returns the looks: one at once and then one per interval that the
// fastest subscriber wants. The source is not present on a device without such
// sensors, and is broken when none of them can be read any more.
func (e *Environment) Topic() *topic.Topic[Surroundings] { return e.topic }

// Close ends the source and all subscriptions, and waits.
func (e *Environment) Close() { e.topic.Close() }

// gauge is an open channel.
type gauge struct {
	text  Measurement // without a value
	probe *probe
}

// errSilent says that no sensor can be read.
var errSilent = errors.New("no sensor can be read")

func (e *Environment) run(ctx context.Context, out *topic.Publisher[Surroundings]) error {
	gauges, err := e.open()
	if err != nil {
		return err
	}
	defer func() {
		for _, g := range gauges {
			g.probe.close()
		}
	}()
	silent := 0
	ticker := time.NewTicker(out.Interval())
	defer ticker.Stop()
	for {
		s := look(gauges)
		if silent++; len(s.Measurements) > 0 {
			silent = 0
		}
		if silent >= maxFailures {
			return fmt.Errorf("read environment: %w: %s", errSilent, s.Errors[0])
		}
		out.Publish(s)
		out.Ready()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-out.IntervalChanged():
			ticker.Reset(out.Interval())
		case <-ticker.C:
		}
	}
}

// open opens all channels of the surroundings.
func (e *Environment) open() ([]gauge, error) {
	devices, err := Find(e.root)
	if err != nil {
		return nil, err
	}
	var gauges []gauge
	for _, d := range devices {
		for _, c := range d.Channels {
			switch c.Kind {
			case Accel, Gyro, Mag:
				continue
			}
			if len(gauges) >= maxProbes {
				break
			}
			p, err := openProbe(d.Dir, c)
			if err != nil {
				e.log.Warn("channel left out", "device", d.String(), "err", err)
				continue
			}
			gauges = append(gauges, gauge{Measurement{Device: d.String(), Channel: c.Name, Kind: c.Kind}, p})
		}
	}
	if len(gauges) == 0 {
		return nil, fmt.Errorf("find environment sensors: %w", topic.ErrNotPresent)
	}
	return gauges, nil
}

// look reads all channels.
func look(gauges []gauge) Surroundings {
	s := Surroundings{Time: time.Now()}
	for _, g := range gauges {
		v, err := g.probe.read()
		if err != nil {
			s.Errors = append(s.Errors, g.text.Device+": "+err.Error())
			continue
		}
		m := g.text
		m.Value = v
		s.Measurements = append(s.Measurements, m)
	}
	return s
}
