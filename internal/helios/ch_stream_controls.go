package helios

import (
	"context"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
)

const (
	// controlDelay is how long sets of one control are collected: dragging a slider
	// must not keep the camera busy.
	controlDelay = 75 * time.Millisecond
	// controlApply bounds how long a control that was set just before the client left
	// may take.
	controlApply = 5 * time.Second
	// maxControlRequests bounds the requests that wait for one control.
	maxControlRequests = 256
)

// serveStreamControls sets controls of a stream's camera.
func (a *API) serveStreamControls(ctx context.Context, s *Session, _ any) error {
	stream, err := a.deps.Streams.Get(streamIDFrom(ctx).String())
	if err != nil {
		if err := s.answer(ctx, nil, err); err != nil {
			return err
		}
		return errTold
	}
	c := &controlChannel{api: a, session: s, stream: stream.ID(), due: time.NewTimer(0)}
	defer c.due.Stop()
	err = c.run(ctx)
	c.applyRest(ctx)
	return err
}

// controlChannel is one conversation of a controls socket.
type controlChannel struct {
	api     *API
	session *Session
	stream  string
	pending []pendingControl // in the order in which they are due
	due     *time.Timer      // fires when the first of pending is
}

// pendingControl is what a control is to be set to.
type pendingControl struct {
	id       uint32
	value    wire.ControlValue // of the last request
	at       time.Time         // when it is applied
	requests []*string         // ids of all requests that it answers
}

// run serves the conversation until ctx is done.
func (c *controlChannel) run(ctx context.Context) error {
	for {
		var err error
		select {
		case m := <-c.session.inbox:
			err = c.request(ctx, m)
		case <-c.due.C:
			err = c.applyDue(ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// request carries out one message of the client, or remembers it.
func (c *controlChannel) request(ctx context.Context, m Message) error {
	var r wire.StreamControl
	id, err := readRequest(m, &r)
	switch {
	case err != nil:
	case r.Type == wire.StreamPing:
	case r.Type != wire.StreamSetControl:
		err = unknownType(r.Type)
	case r.ControlID == nil:
		err = invalidRequest("control_id is missing")
	case r.Value == nil:
		err = invalidRequest("value is missing")
	default:
		return c.remember(ctx, *r.ControlID, *r.Value, id)
	}
	return c.session.answer(ctx, id, err)
}

// remember makes a value the one that the control gets when it is due.
func (c *controlChannel) remember(ctx context.Context, control uint32, v wire.ControlValue, requestID *string) error {
	for i := range c.pending {
		p := &c.pending[i]
		if p.id != control {
			continue
		}
		p.value, p.requests = v, append(p.requests, requestID)
		if len(p.requests) < maxControlRequests {
			return nil
		}
		full := *p
		c.pending = append(c.pending[:i], c.pending[i+1:]...)
		return c.apply(ctx, full)
	}
	if len(c.pending) == maxControlRequests {
		if err := c.applyFirst(ctx); err != nil {
			return err
		}
	}
	c.pending = append(c.pending, pendingControl{control, v, time.Now().Add(controlDelay), []*string{requestID}})
	c.schedule()
	return nil
}

func (c *controlChannel) schedule() {
	if len(c.pending) > 0 {
		c.due.Reset(time.Until(c.pending[0].at))
	}
}

// applyDue applies what is due.
func (c *controlChannel) applyDue(ctx context.Context) error {
	for len(c.pending) > 0 && time.Until(c.pending[0].at) <= 0 {
		if err := c.applyFirst(ctx); err != nil {
			return err
		}
	}
	c.schedule()
	return nil
}

func (c *controlChannel) applyFirst(ctx context.Context) error {
	first := c.pending[0]
	c.pending = c.pending[1:]
	return c.apply(ctx, first)
}

// apply sets a control and tells all who have asked for it, oldest first.
func (c *controlChannel) apply(ctx context.Context, p pendingControl) error {
	result := c.set(ctx, p)
	for _, id := range p.requests {
		if err := c.session.answer(ctx, id, result); err != nil {
			return err
		}
	}
	return nil
}

func (c *controlChannel) set(ctx context.Context, p pendingControl) error {
	return c.api.deps.Streams.SetControl(ctx, c.stream, p.id, videoValue(p.value))
}

// applyRest applies what was asked for and not yet done when the client left.
func (c *controlChannel) applyRest(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), controlApply)
	defer cancel()
	for _, p := range c.pending {
		if err := c.set(ctx, p); err != nil {
			c.api.log.Debug("control not set after its client has left", "stream", c.stream, "control", p.id, "err", err)
		}
	}
}
