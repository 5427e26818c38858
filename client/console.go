package client

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"
	"sync/atomic"

	"github.com/heliograph/heliograph/client/helios"
)

// maxInput bounds one message of console input; longer input is sent in several.
const maxInput = 32 << 10

// A Console is an attachment to a shell on the device. Closing it leaves the
// shell running.
type Console struct {
	*Subscription[helios.ConsoleServerEvent]
	id *atomic.Pointer[string]
}

// Console attaches to the shell p.SessionID, or starts one of p.Cols x p.Rows
// (0: left to the server). The events are helios.ConsoleReady, then
// helios.ConsoleOutput with what the shell has printed so far and prints from
// now on, and helios.ConsoleExit, after which the subscription ends.
//
// After a Gap the client attaches to the same shell again, and after the new
// helios.ConsoleReady everything that the shell printed is repeated, as far as
// the server kept it: clear the screen then.
func (c *Client) Console(ctx context.Context, p helios.ConsoleParams) (*Console, error) {
	type union = helios.ConsoleServerEvent
	var id atomic.Pointer[string]
	id.Store(&p.SessionID)
	sub, err := subscribe(ctx, c, spec[union]{
		channel: helios.ChannelConsole,
		path:    "/v1/ws/console",
		query: func() url.Values {
			return constant(number("cols", uint64(p.Cols)), number("rows", uint64(p.Rows)), pair{"sessionId", *id.Load()})()
		},
		decode: decodeUnion(helios.ChannelConsole, map[string]maker[union]{
			"ready":  as(func(m helios.ConsoleReady) union { return m }),
			"output": as(func(m helios.ConsoleOutput) union { return m }),
			"exit":   as(func(m helios.ConsoleExit) union { return m }),
		}),
		judge:  func() func(union, *Error) verdict { return judgeConsole(&id) },
		finite: true,
	})
	if err != nil {
		return nil, err
	}
	return &Console{Subscription: sub, id: &id}, nil
}

// judgeConsole keeps the id of the session; an error before it is known means
// that there is none.
func judgeConsole(id *atomic.Pointer[string]) func(helios.ConsoleServerEvent, *Error) verdict {
	ready := false
	return func(m helios.ConsoleServerEvent, told *Error) verdict {
		switch m := m.(type) {
		case helios.ConsoleReady:
			ready = true
			id.Store(&m.SessionID)
		case helios.ConsoleExit:
			return verdict{done: true}
		}
		if told != nil && !ready {
			return verdict{err: told}
		}
		return verdict{}
	}
}

// SessionID is the id of the shell; empty until helios.ConsoleReady has come.
func (s *Console) SessionID() string { return *s.id.Load() }

// Write sends bytes to the terminal. While the connection is down it fails with
// ErrDisconnected: input is never kept for later, when it may meet another
// program than the one it was typed for.
func (s *Console) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		part := p[:min(len(p), maxInput)]
		if err := s.send(context.Background(), true, part); err != nil {
			return n, err
		}
		n, p = n+len(part), p[len(part):]
	}
	return n, nil
}

// Resize sets the size of the terminal, for all that are attached. The server
// clamps it.
func (s *Console) Resize(ctx context.Context, cols, rows uint16) error {
	text, err := json.Marshal(helios.ConsoleResize{Type: "resize", Cols: cols, Rows: rows})
	if err != nil {
		return err
	}
	return s.send(ctx, false, text)
}

// ConsoleSessions lists the shells, the one used last first.
func (c *Client) ConsoleSessions(ctx context.Context) ([]helios.ConsoleSessionSummary, error) {
	list, err := Get[helios.ConsoleSessions](ctx, c, "/v1/console/sessions", nil)
	return list.Sessions, err
}

// DeleteConsoleSession ends a shell and forgets it.
func (c *Client) DeleteConsoleSession(ctx context.Context, id string) error {
	return c.Delete(ctx, "/v1/console/sessions/"+url.PathEscape(id))
}

// logLines gives the query of the endpoints that read logs; lines 0 is left out.
func logLines(source string, lines int) url.Values {
	q := url.Values{}
	if source != "" {
		q.Set("source", source)
	}
	if lines > 0 {
		q.Set("lines", strconv.Itoa(lines))
	}
	return q
}
