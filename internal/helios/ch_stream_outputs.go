package helios

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
)

// maxPorts bounds the outputs that a client can watch over one socket.
const maxPorts = 64

// serveStreamOutputs sends the list of a stream's outputs, whenever it changes, and
// the values of those that the client subscribes to.
func (a *API) serveStreamOutputs(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.StreamOutputsParams)
	c := &outputsChannel{
		api: a, session: s, changed: make(chan struct{}, 1), samples: time.NewTicker(time.Hour), look: time.NewTimer(0),
		every: time.Duration(p.IntervalMS) * time.Millisecond, lookEvery: time.Duration(p.PortsIntervalMS) * time.Millisecond,
	}
	defer c.samples.Stop()
	defer c.look.Stop()
	c.samples.Stop()
	err := c.run(ctx)
	c.close()
	if ctx.Err() != nil {
		return context.Cause(ctx) // the client has gone, or the server ends
	}
	if err := s.Send(ctx, wire.StreamOutputsAnswer{Type: "error", Error: problem(err)}); err != nil {
		return err
	}
	return errTold
}

// outputsChannel is one conversation of an outputs socket. It has no timer unless
// something has changed or is subscribed to.
type outputsChannel struct {
	api     *API
	session *Session
	stream  *video.Stream

	changes   *topic.Subscription[video.Change]
	changed   chan struct{} // streams have changed
	look      *time.Timer   // when to look at the list next, after a change
	lookEvery time.Duration
	looked    time.Time
	list      []wire.StreamOutput // as the client knows it

	watch   *video.ValueWatch
	ports   []string
	samples *time.Ticker
	every   time.Duration
	sent    map[string]sentSample // by port
}

// sentSample is by what a sample is told from the one before.
type sentSample struct {
	at  time.Time
	seq uint64
	err string
}

// open finds the stream and subscribes to its changes.
func (c *outputsChannel) open(ctx context.Context) (err error) {
	c.changes, err = c.api.deps.Streams.Changes().Subscribe(topic.SubscribeOptions{Policy: topic.Latest, Wake: c.wake})
	if err != nil {
		return err
	}
	c.wake() // changes are told of only after looking for them in vain
	c.stream, err = c.api.deps.Streams.Get(streamIDFrom(ctx).String())
	return err
}

func (c *outputsChannel) wake() {
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

func (c *outputsChannel) close() {
	if c.changes != nil {
		c.changes.Close()
	}
	if c.watch != nil {
		c.watch.Close()
	}
}

// run serves the conversation until ctx is done or the stream is no more.
func (c *outputsChannel) run(ctx context.Context) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	c.list = streamOutputs(c.stream.Outputs())
	if err := c.sendList(ctx); err != nil {
		return err
	}
	for {
		var err error
		select {
		case m := <-c.session.inbox:
			err = c.request(ctx, m)
		case <-c.changed:
			err = c.noteChange()
		case <-c.look.C:
			err = c.lookAgain(ctx)
		case <-c.samples.C:
			err = c.sendSamples(ctx)
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// noteChange finds out whether the stream is still there, and sees to it that its
// list is looked at: at once, or as soon as the last look is an interval ago.
func (c *outputsChannel) noteChange() error {
	var items [1]topic.Item[video.Change]
	for {
		n, err := c.changes.Fill(items[:])
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
	}
	if !c.api.exists(c.stream) {
		return video.ErrDeleted
	}
	c.look.Reset(time.Until(c.looked.Add(c.lookEvery)))
	return nil
}

// lookAgain sends the list if it is another one.
func (c *outputsChannel) lookAgain(ctx context.Context) error {
	c.looked = time.Now()
	list := streamOutputs(c.stream.Outputs())
	if slices.Equal(list, c.list) {
		return nil
	}
	c.list = list
	return c.sendList(ctx)
}

func (c *outputsChannel) sendList(ctx context.Context) error {
	return c.session.Send(ctx, wire.StreamOutputs{Outputs: c.list, TimestampMS: nowMS()})
}

// streamOutputs returns a list of outputs in wire form.
func streamOutputs(from []video.Output) []wire.StreamOutput {
	list := make([]wire.StreamOutput, len(from))
	for i, o := range from {
		list[i] = wire.StreamOutput{Name: o.Name, Ty: o.Type, Previewable: o.Image, LocalizationKind: o.Localization}
	}
	return list
}

// request carries out one message of the client.
func (c *outputsChannel) request(ctx context.Context, m Message) error {
	var r wire.StreamOutputsMessage
	id, err := readRequest(m, &r)
	if err == nil {
		switch r.Type {
		case wire.StreamPing:
		case wire.StreamList:
			c.list = streamOutputs(c.stream.Outputs())
			if err := c.sendList(ctx); err != nil {
				return err
			}
		case wire.StreamSubscribe:
			err = c.subscribe(r)
		default:
			err = unknownType(r.Type)
		}
	}
	if err != nil {
		return c.session.Send(ctx, wire.StreamOutputsAnswer{Type: "error", RequestID: id, Error: problem(err)})
	}
	return c.session.Send(ctx, wire.StreamOutputsAnswer{Type: "ack", RequestID: id})
}

// subscribe replaces the outputs that are watched.
func (c *outputsChannel) subscribe(r wire.StreamOutputsMessage) error {
	if r.Ports == nil {
		return invalidRequest("ports is missing")
	}
	ports := make([]string, len(r.Ports))
	for i, port := range r.Ports {
		if ports[i] = strings.TrimSpace(port); ports[i] == "" {
			return invalidRequest("ports[%d] is empty", i)
		}
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	if len(ports) > maxPorts {
		return invalidRequest("%d ports, at most %d can be watched", len(ports), maxPorts)
	}
	var err error
	switch {
	case c.watch != nil:
		err = c.watch.SetPorts(ports)
	case len(ports) > 0:
		c.watch, err = c.stream.WatchValues(ports)
	}
	if err != nil {
		return err
	}
	if r.IntervalMS != nil {
		c.every = time.Duration(min(max(*r.IntervalMS, 100), 5000)) * time.Millisecond
	}
	c.ports, c.sent = ports, map[string]sentSample{}
	if len(ports) > 0 {
		c.samples.Reset(c.every)
	} else {
		c.samples.Stop()
	}
	return nil
}

// sendSamples sends what is new of the outputs that are watched.
func (c *outputsChannel) sendSamples(ctx context.Context) error {
	newest := c.watch.Newest()
	for _, port := range c.ports {
		var sample wire.StreamSample
		var key sentSample
		if i := slices.IndexFunc(newest, func(s video.Sample) bool { return s.Port == port }); i >= 0 {
			sample, key = streamSample(newest[i])
		} else if why := c.noValue(port); why != "" {
			sample, key = wire.StreamSample{Port: port, Error: why, TimestampMS: nowMS()}, sentSample{err: why}
		}
		if key == (sentSample{}) || key == c.sent[port] {
			continue
		}
		c.sent[port] = key
		if err := c.session.Send(ctx, sample); err != nil {
			return err
		}
	}
	return nil
}

// noValue tells why there cannot be a value of an output, if that is so.
func (c *outputsChannel) noValue(port string) string {
	list := c.stream.Outputs()
	i := slices.IndexFunc(list, func(o video.Output) bool { return o.Name == port })
	switch {
	case i < 0:
		return fmt.Sprintf("there is no output %.100q", port)
	case list[i].Image:
		return fmt.Sprintf("%.100q has pictures, which the frames socket shows", port)
	}
	return ""
}

func streamSample(from video.Sample) (wire.StreamSample, sentSample) {
	out := wire.StreamSample{Port: from.Port, TimestampMS: millis(from.At)}
	err := from.Err
	if err == nil {
		out.Value, err = json.Marshal(from.Value)
	}
	if err != nil {
		out.Error = err.Error()
	}
	return out, sentSample{at: from.At, seq: from.Seq, err: out.Error}
}
