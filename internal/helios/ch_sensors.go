package helios

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/source/power"
	"github.com/heliograph/heliograph/internal/topic"
)

// serveSensors obeys the client's commands and sends what it has subscribed to. A
// source that cannot be reached any more ends it with an error object.
func (a *API) serveSensors(ctx context.Context, s *Session, _ any) error {
	c := &sensorChannel{
		api: a, session: s, set: sensorSet{}, changed: make(chan struct{}, 1), interval: defaultSensorInterval,
		imu:      sensorFeed[iio.Status]{topic: a.deps.IMU.Topic(), key: wire.SensorIMU, wire: func(v iio.Status) any { return imuStatus(v) }},
		power:    sensorFeed[power.Status]{topic: a.deps.Power.Topic(), key: wire.SensorPower, wire: func(v power.Status) any { return powerStatus(v) }},
		lighting: sensorFeed[led.State]{topic: a.deps.Lighting.Topic(), key: wire.SensorLighting, wire: func(v led.State) any { return lightingState(v) }},
		firmware: sensorFeed[firmware.Update]{topic: a.deps.Firmware.Topic(), key: wire.SensorFirmware, wire: func(v firmware.Update) any { return firmwareUpdate(v) }},
	}
	defer c.close()
	err := c.run(ctx)
	if ctx.Err() != nil {
		return context.Cause(ctx) // the client has gone, or the server ends
	}
	if err := s.Send(ctx, a.sensorsError(s, wire.OpStream, sensorsLost(err))); err != nil {
		return err
	}
	return errTold
}

// sensorChannel is one conversation of sensors.stream. Nothing is encoded for
// kinds that the client has not subscribed to, and their sources do not run.
type sensorChannel struct {
	api      *API
	session  *Session
	set      sensorSet
	changed  chan struct{}
	interval time.Duration
	next     time.Time // when imu and power may be sent again

	imu      sensorFeed[iio.Status]
	power    sensorFeed[power.Status]
	lighting sensorFeed[led.State]
	firmware sensorFeed[firmware.Update]
}

// run serves the conversation until ctx is done or a source has ended.
func (c *sensorChannel) run(ctx context.Context) error {
	for {
		var err error
		select {
		case m := <-c.session.inbox:
			err = c.command(ctx, m)
		case <-c.changed:
			err = c.sendNews(ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (c *sensorChannel) wake() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *sensorChannel) close() {
	c.imu.close()
	c.power.close()
	c.lighting.close()
	c.firmware.close()
}

// command carries out a message of the client and answers it with what is known
// of the kinds in the set.
func (c *sensorChannel) command(ctx context.Context, m Message) error {
	switch {
	case m.Binary:
		return nil
	case c.session.Multiplexed() && len(m.Payload) == 0:
		c.set.addAll() // a request without payload
	default:
		every, err := c.set.obey(m.Payload)
		if every > 0 {
			c.interval = every
			if soon := time.Now().Add(every); c.next.After(soon) {
				c.next = soon
			}
		}
		if err != nil {
			if err := c.session.Send(ctx, c.api.sensorsError(c.session, wire.OpClientMessage, err.Error())); err != nil {
				return err
			}
			return c.subscribe(ctx) // good kinds of a refused command have been added
		}
	}
	if err := c.subscribe(ctx); err != nil {
		return err
	}
	return c.sendCached(ctx)
}

// subscribe makes the subscriptions those of the set. What is known of a kind by
// then is what sendCached sends; only what comes after it is news. The IMU always
// has a status: where its source starts only now, the first one is waited for.
func (c *sensorChannel) subscribe(ctx context.Context) error {
	fresh, err := c.imu.want(c.set[wire.SensorIMU], topic.Latest, c.wake)
	if err != nil {
		return err
	}
	if fresh && c.imu.topic.Newest() == nil {
		if _, err := c.api.deps.IMU.Status(ctx); err != nil {
			return err
		}
	}
	if fresh {
		c.imu.cached()
	}
	if _, err := c.power.want(c.set[wire.SensorPower], topic.Latest, c.wake); err != nil {
		return err
	}
	if fresh, err = c.lighting.want(c.set[wire.SensorLighting], topic.Gap, c.wake); fresh {
		c.lighting.cached()
	}
	if err != nil {
		return err
	}
	if fresh, err = c.firmware.want(c.set[wire.SensorFirmware], topic.Gap, c.wake); fresh {
		c.firmware.cached()
	}
	return err
}

// sendCached sends the newest value of every kind in the set that has one: imu
// and power in one object, then lighting, then firmware.
func (c *sensorChannel) sendCached(ctx context.Context) error {
	if err := c.sendStates(ctx, time.Now()); err != nil {
		return err
	}
	if err := c.sendLighting(ctx); err != nil {
		return err
	}
	return sendOne(ctx, c.session, &c.firmware, c.firmware.cached())
}

// sendStates sends what is known of imu and power in one object. The next one is
// due an interval after this one was, so that samples which come in the rhythm of
// the interval, but a little late, do not miss every other turn.
func (c *sensorChannel) sendStates(ctx context.Context, now time.Time) error {
	object := map[string]json.RawMessage{}
	if err := c.imu.put(object, c.imu.cached()); err != nil {
		return err
	}
	if err := c.power.put(object, c.power.cached()); err != nil {
		return err
	}
	if len(object) == 0 {
		return nil
	}
	if off := now.Sub(c.next).Abs(); off > c.tolerance() {
		c.next = now // out of step
	}
	c.next = c.next.Add(c.interval)
	return c.session.Send(ctx, object)
}

// tolerance is how much too early a state may be: as much as timers jitter.
func (c *sensorChannel) tolerance() time.Duration {
	return min(c.interval/20, 5*time.Millisecond)
}

// sendLighting sends what the lights are doing, also before anything has changed
// it. A device without lights has no value.
func (c *sensorChannel) sendLighting(ctx context.Context) error {
	if c.lighting.sub == nil {
		return nil
	}
	if e := c.lighting.cached(); e != nil {
		return sendOne(ctx, c.session, &c.lighting, e)
	}
	state, err := c.api.deps.Lighting.State()
	if err != nil {
		return nil
	}
	lighting := lightingState(state)
	return c.session.Send(ctx, wire.SensorsStreamEvent{Lighting: &lighting})
}

// sendNews sends what has changed: imu and power together at most once per
// interval, lighting and firmware at once. States that come too early are dropped,
// not delayed.
func (c *sensorChannel) sendNews(ctx context.Context) error {
	imu, err := c.imu.newest()
	if err != nil {
		return err
	}
	rails, err := c.power.newest()
	if err != nil {
		return err
	}
	if now := time.Now(); (imu != nil || rails != nil) && !now.Before(c.next.Add(-c.tolerance())) {
		if err := c.sendStates(ctx, now); err != nil {
			return err
		}
	}
	if err := sendAll(ctx, c.session, &c.lighting); err != nil {
		return err
	}
	return sendAll(ctx, c.session, &c.firmware)
}

// sendAll sends each new event of a kind as its own message.
func sendAll[T any](ctx context.Context, s *Session, f *sensorFeed[T]) error {
	for {
		e, err := f.next()
		if e == nil || err != nil {
			return err
		}
		if err := sendOne(ctx, s, f, e); err != nil {
			return err
		}
	}
}

// sendOne sends an event as its own message; nil is no event.
func sendOne[T any](ctx context.Context, s *Session, f *sensorFeed[T], e *topic.Event[T]) error {
	if e == nil {
		return nil
	}
	object := map[string]json.RawMessage{}
	if err := f.put(object, e); err != nil {
		return err
	}
	return s.Send(ctx, object)
}

// sensorFeed is one kind of sensor in a conversation.
type sensorFeed[T any] struct {
	topic *topic.Topic[T]
	key   string
	wire  func(T) any
	sub   *topic.Subscription[T]
	seen  uint64 // events up to this one were sent as cached values
}

// want subscribes or unsubscribes. It reports whether it has subscribed now.
func (f *sensorFeed[T]) want(wanted bool, policy topic.Policy, wake func()) (fresh bool, err error) {
	switch {
	case !wanted:
		f.close()
		return false, nil
	case f.sub != nil:
		return false, nil
	}
	sub, err := f.topic.Subscribe(topic.SubscribeOptions{Policy: policy, Wake: wake})
	if err != nil {
		return false, err
	}
	f.sub = sub
	wake() // the first look arms the subscription
	return true, nil
}

func (f *sensorFeed[T]) close() {
	if f.sub != nil {
		f.sub.Close()
		f.sub = nil
	}
}

// cached returns the newest event of a kind in the set, or nil.
func (f *sensorFeed[T]) cached() *topic.Event[T] {
	if f.sub == nil {
		return nil
	}
	e := f.topic.Newest()
	if e != nil {
		f.seen = e.Seq
	}
	return e
}

// newest takes all events and returns the last one that was not sent as a cached
// value, or nil. Only a subscription that was found empty wakes again.
func (f *sensorFeed[T]) newest() (last *topic.Event[T], err error) {
	for {
		e, err := f.next()
		if e == nil || err != nil {
			return last, err
		}
		last = e
	}
}

// next takes the next event that was not sent as a cached value, or nil.
func (f *sensorFeed[T]) next() (*topic.Event[T], error) {
	if f.sub == nil {
		return nil, nil
	}
	for {
		var one [1]topic.Item[T]
		n, err := f.sub.Fill(one[:])
		if n == 0 || err != nil {
			return nil, err
		}
		if one[0].Event.Seq > f.seen {
			return one[0].Event, nil
		}
	}
}

// put adds an event to an object, encoded once for all conversations.
func (f *sensorFeed[T]) put(object map[string]json.RawMessage, e *topic.Event[T]) error {
	if e == nil {
		return nil
	}
	data, err := topic.Encode(e, topic.Key{Form: "sensors"}, func(e *topic.Event[T]) ([]byte, error) {
		return json.Marshal(f.wire(e.Value))
	})
	if err != nil {
		return fmt.Errorf("encode %s: %w", f.key, err)
	}
	object[f.key] = data
	return nil
}
