package power

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// Interval is the shortest time between two readings, and that while no
	// subscriber asks for one.
	Interval = 100 * time.Millisecond
	// rediscover is the time between two looks for rails that came or went.
	rediscover = 5 * time.Second
)

// Rail is what one monitor measures. Values that it does not measure, or that
// could not be read now, are nil.
type Rail struct {
	Label      string // for people to read, for example "VDD_IN on i2c-1 (0x40)"
	Bus        string // for example "i2c-1"; may be empty
	Address    string // on that bus, for example "0x40"; may be empty
	Volts      *float64
	Amps       *float64
	Watts      *float64 // measured, or volts times amperes
	ShuntVolts *float64 // across the shunt resistor
}

// Status is one reading of all rails. It must not be changed.
type Status struct {
	Volts, Amps, Watts *float64 // of the main rail; nil if there is none
	UpdatedAt          time.Time
	Rails              []Rail
	Errors             []string // rails that could not be read, and alarms
	Simulated          bool
}

// Meter is the open rails of a device. It is used by one goroutine at a time.
type Meter interface {
	// Read returns what the rails say now. Problems are told in Status.Errors.
	Read() Status
	Close()
}

// Opener opens the rails there are now. It returns an error that wraps
// [topic.ErrNotPresent] if there is none.
type Opener func() (Meter, error)

// Monitor publishes the state of the rails. Its methods are safe for concurrent
// use.
type Monitor struct {
	open  Opener
	topic *topic.Topic[Status]
}

// New returns a monitor of the rails that open gives, see [Hardware] and
// [Simulated]. A nil logger means no log. It opens nothing before somebody
// subscribes.
func New(open Opener, log *slog.Logger) *Monitor {
	m := &Monitor{open: open}
	m.topic = topic.New(topic.Options[Status]{
		Name: "power", HistoryItems: 2, Interval: Interval, Source: m.run, Retry: true, Logger: log,
	})
	return m
}

// Topic returns the readings: one at once, and then one per interval, see the
// package comment. The source of a device without rails is not present.
func (m *Monitor) Topic() *topic.Topic[Status] { return m.topic }

// Status returns the newest reading while somebody is subscribed, and otherwise
// reads once. The error wraps [topic.ErrNotPresent] on a device without rails. It
// blocks only for the reading.
func (m *Monitor) Status() (Status, error) {
	if m.topic.Observed() {
		if e := m.topic.Newest(); e != nil {
			return e.Value, nil
		}
	}
	meter, err := m.open()
	if err != nil {
		return Status{}, err
	}
	defer meter.Close()
	return meter.Read(), nil
}

// Close ends the source and all subscriptions, and waits.
func (m *Monitor) Close() { m.topic.Close() }

func (m *Monitor) run(ctx context.Context, out *topic.Publisher[Status]) error {
	meter, err := m.open()
	if err != nil {
		return err
	}
	defer func() { meter.Close() }()
	period := func() time.Duration { return max(Interval, out.Interval()) }
	ticker := time.NewTicker(period())
	defer ticker.Stop()
	opened := time.Now()
	for {
		if time.Since(opened) >= rediscover {
			meter, opened = m.reopen(meter), time.Now()
		}
		out.Publish(meter.Read())
		out.Ready()
		for waiting := true; waiting; {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-out.IntervalChanged():
				ticker.Reset(period())
			case <-ticker.C:
				waiting = false
			}
		}
	}
}

// reopen looks what rails there are now. If there is none any more, the status
// says so until one comes back.
func (m *Monitor) reopen(before Meter) Meter {
	next, err := m.open()
	if err != nil {
		if !errors.Is(err, topic.ErrNotPresent) {
			return before
		}
		next = nothing{}
	}
	before.Close()
	return next
}

// nothing is the meter of a device that has lost its rails.
type nothing struct{}

func (nothing) Read() Status {
	return Status{UpdatedAt: time.Now(), Errors: []string{"no power rail is left"}}
}

func (nothing) Close() {}
