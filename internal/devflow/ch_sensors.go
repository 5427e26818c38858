package devflow

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

const (
	defaultThrottle = 100
	maxThrottle     = 1<<31 - 1
)

// speed returns the spelling and the advised period of a speed, which may be in any
// case.
func speed(name string) (spelling string, period time.Duration, ok bool) {
	switch strings.ToLower(name) {
	case "default":
		return wire.SpeedDefault, 200 * time.Millisecond, true
	case "ui":
		return wire.SpeedUI, 60 * time.Millisecond, true
	case "game":
		return wire.SpeedGame, 20 * time.Millisecond, true
	case "fastest":
		return wire.SpeedFastest, time.Millisecond, true
	}
	return "", 0, false
}

// sensing is one connection of the channel.
type sensing struct {
	*session
	subs     map[string]*sensorSub // by name
	ended    chan sensorEnd
	watchers sync.WaitGroup
}

// sensorSub is one subscription of a connection.
type sensorSub struct {
	stream   *recorder.SensorStream
	feed     *feed[recorder.Reading]
	speed    string
	throttle atomic.Int64 // milliseconds
	done     chan struct{}
}

// sensorEnd tells that a subscription has ended; err is nil if it was stopped.
type sensorEnd struct {
	sub *sensorSub
	err error
}

// serveSensors holds the set of subscriptions of one connection.
func serveSensors(ctx context.Context, s *session, params any) error {
	p := params.(*wire.SensorsParams)
	c := &sensing{session: s, subs: map[string]*sensorSub{}, ended: make(chan sensorEnd)}
	defer c.closeAll()
	if p.Sensor == "" {
		return c.refuseSensor(ctx, "", "sensor is required")
	}
	if err := c.add(ctx, p.Sensor, p.Speed, p.ThrottleMs); err != nil {
		return c.refuseSensor(ctx, bounded(strings.ToLower(p.Sensor)), err.Error())
	}
	for {
		var err error
		select {
		case m := <-s.inbox:
			err = c.obey(ctx, m)
		case e := <-c.ended:
			err = c.over(ctx, e)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

func (c *sensing) refuseSensor(ctx context.Context, sensor, problem string) error {
	if err := c.problem(ctx, sensor, problem); err != nil {
		return err
	}
	return errRefused
}

// problem sends an error message.
func (c *sensing) problem(ctx context.Context, sensor, problem string) error {
	m := wire.SensorError{Type: wire.TypeError, Timestamp: now(), Data: wire.SensorErrorData{Sensor: sensor, Message: problem}}
	if c.mirror {
		m.Error = problem
	}
	return c.send(ctx, m)
}

// add subscribes to a sensor, or changes the settings of one that is subscribed to,
// and confirms it. The error, if it is about the sensor, was not told yet.
func (c *sensing) add(ctx context.Context, name, speedName string, throttle int) error {
	spelling, period, _ := speed(speedName)
	sub := c.subs[strings.ToLower(name)]
	fresh := sub == nil
	if fresh {
		stream, err := c.api.rec.Sensors.Open(name, period, c.conn.Wake)
		if err != nil {
			return err
		}
		sub = &sensorSub{stream: stream, done: make(chan struct{})}
		sub.feed = newFeed(stream, 0, c.encoder(sub))
		c.subs[stream.Name] = sub
	} else {
		sub.stream.SetInterval(period)
	}
	sub.speed = spelling
	sub.throttle.Store(int64(throttle))
	if err := c.confirm(ctx, sub, throttle); err != nil {
		return err
	}
	if fresh {
		c.conn.AddFeed(sub.feed, wsconn.FeedOptions{})
		c.watchers.Go(func() { c.await(sub) })
	}
	return nil
}

func (c *sensing) confirm(ctx context.Context, sub *sensorSub, throttle int) error {
	name := sub.stream.Name
	m := wire.SensorSubscribed{
		Type: wire.TypeSubscribed, Timestamp: now(),
		Data: wire.SensorSubscribedData{Sensor: name, Speed: sub.speed, ThrottleMs: throttle},
	}
	if c.mirror {
		m.SensorName, m.Speed, m.ThrottleMs = name, sub.speed, &throttle
		m.Sensor = &wire.SensorInfo{Name: name, Available: true, Active: true}
	}
	return c.send(ctx, m)
}

// encoder makes messages of the readings that are not too early.
func (c *sensing) encoder(sub *sensorSub) func(*recorder.Event[recorder.Reading]) (*wsconn.Frame, error) {
	var last time.Time
	return func(e *recorder.Event[recorder.Reading]) (*wsconn.Frame, error) {
		// Whole milliseconds: the jitter of a sampler must not halve its rate.
		least := time.Duration(sub.throttle.Load()) * time.Millisecond
		if !last.IsZero() && e.Time.Sub(last).Round(time.Millisecond) < least {
			return nil, nil
		}
		last = e.Time
		return topic.Encode(e, topic.Key{Form: formLive, Variant: variant(c.mirror)}, func(e *recorder.Event[recorder.Reading]) (*wsconn.Frame, error) {
			data, err := readingMessage(sub.stream.Name, e, c.mirror)
			if err != nil {
				return nil, err
			}
			return wsconn.PlainText(data), nil
		})
	}
}

// await waits for the end of a subscription and tells the channel.
func (c *sensing) await(sub *sensorSub) {
	end := sensorEnd{sub: sub}
	select {
	case <-sub.stream.Stopped:
	case end.err = <-sub.feed.ended:
	case <-sub.done:
		return
	}
	select {
	case c.ended <- end:
	case <-sub.done:
	}
}

// over ends a subscription that was stopped or has failed.
func (c *sensing) over(ctx context.Context, e sensorEnd) error {
	name := e.sub.stream.Name
	c.remove(e.sub)
	if e.err != nil {
		text := e.err.Error()
		if errors.Is(e.err, topic.ErrClosed) {
			text = "the sensor was removed"
		}
		if err := c.problem(ctx, name, text); err != nil {
			return err
		}
	}
	return c.stopped(ctx, name)
}

func (c *sensing) stopped(ctx context.Context, name string) error {
	return c.send(ctx, wire.SensorStopped{Type: wire.TypeStopped, Timestamp: now(), Data: wire.SensorStoppedData{Sensor: name}})
}

// remove gives a subscription up. No reading follows.
func (c *sensing) remove(sub *sensorSub) {
	close(sub.done)
	c.conn.RemoveFeed(sub.feed)
	sub.stream.Close()
	delete(c.subs, sub.stream.Name)
}

func (c *sensing) closeAll() {
	for _, sub := range c.subs {
		c.remove(sub)
	}
	c.watchers.Wait()
}

// obey does what a client message says.
func (c *sensing) obey(ctx context.Context, m command) error {
	if m.Type != wire.TypeSubscribe && m.Type != wire.TypeUnsubscribe {
		return nil
	}
	var name string
	if !text(m.Data["sensor"], &name) || name == "" {
		return c.problem(ctx, "", "data.sensor is required")
	}
	sub, shown := c.subs[strings.ToLower(name)], bounded(strings.ToLower(name))
	if m.Type == wire.TypeUnsubscribe {
		if sub == nil {
			return c.problem(ctx, shown, "not subscribed to "+shown)
		}
		c.remove(sub)
		return c.stopped(ctx, sub.stream.Name)
	}
	speedName, throttle := wire.SpeedUI, defaultThrottle
	if sub != nil {
		speedName, throttle = sub.speed, int(sub.throttle.Load())
	}
	speedName, throttle, wrong := settings(m.Data, speedName, throttle)
	if wrong == "" {
		err := c.add(ctx, name, speedName, throttle)
		if err == nil || ctx.Err() != nil || c.conn.Context().Err() != nil {
			return err
		}
		wrong = err.Error()
	}
	return c.problem(ctx, shown, wrong)
}

// settings reads speed and throttleMs; what is missing or null keeps its value.
func settings(data map[string]json.RawMessage, speedName string, throttle int) (s string, t int, wrong string) {
	if raw := data["speed"]; len(raw) > 0 && string(raw) != "null" {
		var name string
		spelling, _, ok := "", time.Duration(0), text(raw, &name)
		if ok {
			spelling, _, ok = speed(name)
		}
		if !ok {
			return "", 0, "speed must be one of UI, Game, Fastest, Default"
		}
		speedName = spelling
	}
	if raw := data["throttleMs"]; len(raw) > 0 && string(raw) != "null" {
		n, err := strconv.ParseInt(string(raw), 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) || n < 0 {
			return "", 0, "throttleMs must be a non-negative integer"
		}
		throttle = int(min(n, maxThrottle))
	}
	return speedName, throttle, ""
}

// readingMessage makes a message of a reading.
func readingMessage(name string, e *recorder.Event[recorder.Reading], mirror bool) ([]byte, error) {
	at := e.Value.Time
	if at.IsZero() {
		at = e.Time
	}
	r := wire.SensorReading{Sensor: name, Timestamp: wire.NewTimestamp(at), Values: map[string]any{}}
	for key, v := range e.Value.Values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			r.Values[key] = v
		}
	}
	if mirror {
		for _, m := range [][3]string{
			{recorder.Compass, "heading", "headingMagneticNorth"}, {recorder.Barometer, "pressure", "pressureInHectopascals"},
		} {
			if v, ok := r.Values[m[1]]; ok && name == m[0] {
				r.Values[m[2]] = v
			}
		}
	}
	data, err := marshal(r)
	if err != nil {
		return nil, err
	}
	if !mirror {
		return wrap(wire.TypeReading, data), nil
	}
	return wrap(wire.TypeReading, data, member("sensor", []byte(strconv.Quote(name))), member("reading", data)), nil
}
