package iio

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// statusWait bounds the wait for a status that somebody asks for.
	statusWait = 3 * time.Second
	// snapWait bounds the wait for the device to rest.
	snapWait = 3 * time.Second
	// absent is what a device without a sensor says of itself.
	absent = "no IMU was detected on this device"
)

// ErrMoving is returned by [IMU.Update] when the device does not rest long enough
// to be levelled.
var ErrMoving = errors.New("the device is moving")

// IMUOptions say what an [IMU] reads and where it keeps its settings.
type IMUOptions struct {
	// Open opens the sensor, see [Hardware] and [Simulated].
	Open Opener
	// Store keeps the settings; nil: they are lost at the end.
	Store Store
	// Logger gets one record per state change; nil means no log.
	Logger *slog.Logger
}

// IMU is the inertial sensor of the device with all that is worked out from it.
// Its methods are safe for concurrent use.
type IMU struct {
	opts    IMUOptions
	topic   *topic.Topic[Status]
	changed chan struct{}

	updating sync.Mutex // one Update at a time

	mu      sync.Mutex
	config  Config
	version uint64
	reset   bool
	snap    chan error // not nil: somebody waits for the device to be levelled
}

// NewIMU returns an IMU with the settings of the store. Settings that cannot be
// read are logged and replaced by the defaults. It starts nothing before somebody
// subscribes.
func NewIMU(opts IMUOptions) *IMU {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	m := &IMU{opts: opts, config: DefaultConfig(), changed: make(chan struct{}, 1), version: 1}
	if opts.Store != nil {
		c, err := load(opts.Store)
		if err != nil {
			opts.Logger.Warn("settings replaced by defaults", "err", err)
		}
		m.config = c
	}
	m.topic = topic.New(topic.Options[Status]{
		Name: "imu", HistoryItems: 2, Source: m.run, Retry: true, Logger: opts.Logger,
	})
	return m
}

// Topic returns the statuses: one per update interval while there is a sensor,
// and one whenever something changes while there is none. Subscribe with
// [topic.Latest] and a replay of 1.
func (m *IMU) Topic() *topic.Topic[Status] { return m.topic }

// Config returns the settings.
func (m *IMU) Config() Config {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.config
}

// Status returns the newest status. If nobody is subscribed it starts the sensor
// for a moment; it blocks until there is a status, ctx is done, or 3 s have passed.
// A device without a sensor has a status, too. The error is that of ctx or
// [topic.ErrClosed].
func (m *IMU) Status(ctx context.Context) (Status, error) {
	m.mu.Lock()
	version := m.version
	m.mu.Unlock()
	sub, err := m.topic.Subscribe(topic.SubscribeOptions{Replay: 1})
	if err != nil {
		return Status{}, err
	}
	defer sub.Close()
	return m.await(ctx, sub, version)
}

// await returns the first status that was made with the given settings or later
// ones.
func (m *IMU) await(ctx context.Context, sub *topic.Subscription[Status], version uint64) (Status, error) {
	wait, cancel := context.WithTimeout(ctx, statusWait)
	defer cancel()
	for {
		item, err := sub.Next(wait)
		switch {
		case err == nil && item.Event.Value.version >= version:
			return item.Event.Value, nil
		case err == nil:
		case ctx.Err() != nil:
			return Status{}, context.Cause(ctx)
		case errors.Is(err, context.DeadlineExceeded):
			return blank(m.Config(), "the sensor gives no samples", version), nil
		default:
			return Status{}, err
		}
	}
}

// Update changes the settings, keeps them, and returns a status that was made
// with them. Errors: [ErrEmptyPatch] and *[FieldError] for bad input, which changes
// nothing; [topic.ErrNotPresent] if gravity is to be snapped to without an
// accelerometer, and [ErrMoving] if the device does not rest within 3 s (the other
// changes then hold); those of the store; those of ctx.
func (m *IMU) Update(ctx context.Context, p Patch) (Status, error) {
	m.updating.Lock()
	defer m.updating.Unlock()
	c, err := p.Apply(m.Config())
	if err != nil {
		return Status{}, err
	}
	if err := m.keep(c); err != nil {
		return Status{}, err
	}
	sub, err := m.topic.Subscribe(topic.SubscribeOptions{})
	if err != nil {
		return Status{}, err
	}
	defer sub.Close()
	m.mu.Lock()
	m.config = c
	m.version++
	version := m.version
	m.reset = m.reset || (p.ResetPose != nil && *p.ResetPose)
	m.mu.Unlock()
	m.signal()
	status, err := m.await(ctx, sub, version)
	if err != nil || p.SnapGravity == nil || !*p.SnapGravity {
		return status, err
	}
	return m.snapGravity(ctx, sub)
}

func (m *IMU) keep(c Config) error {
	if m.opts.Store == nil {
		return nil
	}
	return save(m.opts.Store, c)
}

// snapGravity asks the running source to level the device, and waits.
func (m *IMU) snapGravity(ctx context.Context, sub *topic.Subscription[Status]) (Status, error) {
	done := make(chan error, 1)
	m.mu.Lock()
	m.snap = done
	m.mu.Unlock()
	m.signal()
	timer := time.NewTimer(snapWait)
	defer timer.Stop()
	var err error
	select {
	case err = <-done:
	case <-timer.C:
		err = ErrMoving
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	m.mu.Lock()
	m.snap = nil
	c, version := m.config, m.version
	m.mu.Unlock()
	if err != nil {
		return Status{}, fmt.Errorf("snap to gravity: %w", err)
	}
	if err := m.keep(c); err != nil {
		return Status{}, err
	}
	return m.await(ctx, sub, version)
}

// signal makes a running source look at the settings.
func (m *IMU) signal() {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// Close ends the source and all subscriptions, and waits.
func (m *IMU) Close() { m.topic.Close() }

// order is what the settings want of the source at one step.
type order struct {
	config  Config
	version uint64
	reset   bool
	snap    chan error
}

func (m *IMU) order() order {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := order{m.config, m.version, m.reset, m.snap}
	m.reset = false
	return o
}

// level sets the rotation that makes the mean acceleration point up.
func (m *IMU) level(mean fusion.Vec3) {
	m.mu.Lock()
	defer m.mu.Unlock()
	turn := fusion.Between(mean, fusion.Vec3{Z: 1})
	if m.config.Level != (fusion.Quat{}) {
		turn = turn.Mul(m.config.Level)
	}
	m.config.Level = turn.Unit()
	m.version++
}
