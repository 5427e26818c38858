package helios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/google/uuid"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/source/console"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// consoleWindow bounds the output that is on its way to a client and not
// acknowledged. Together with what the PTY reader runs ahead it is what a key
// press has to wait for behind a flood.
const consoleWindow = 96 << 10

// serveConsole attaches to a shell, or starts one, and connects it with the
// client until either ends.
func (a *API) serveConsole(ctx context.Context, s *Session, params any) error {
	p := params.(*wire.ConsoleParams)
	var first *Message
	if s.Multiplexed() {
		var err error
		if first, err = openingMessage(s, p); err != nil {
			return err
		}
	}
	session, err := a.openConsole(p)
	if err != nil {
		return a.tell(ctx, s, err.Error())
	}
	view, err := session.Attach(s.conn.Wake)
	if err != nil {
		return a.tell(ctx, s, err.Error())
	}
	defer view.Close()
	s.conn.SetStallLimit(stallLimit)
	info := session.Info()
	ready := wire.ConsoleReady{
		Type: "ready", SessionID: info.ID.String(), Shell: info.Shell,
		Cols: info.Size.Cols, Rows: info.Size.Rows,
	}
	if err := s.Send(ctx, ready); err != nil {
		return err
	}
	if first != nil {
		if err := a.consoleInput(ctx, s, session, *first); err != nil {
			return err
		}
	}
	return a.connectConsole(ctx, s, session, view)
}

// openConsole finds the shell that the parameters name, or starts one.
func (a *API) openConsole(p *wire.ConsoleParams) (*console.Session, error) {
	if a.deps.Console == nil {
		return nil, errors.New("the console is switched off on this device")
	}
	if p.SessionID == "" {
		return a.deps.Console.Create(console.Size{Cols: p.Cols, Rows: p.Rows})
	}
	id, err := uuid.Parse(p.SessionID)
	if err != nil {
		return nil, console.ErrNotFound
	}
	session, ok := a.deps.Console.Get(id)
	if !ok {
		return nil, console.ErrNotFound
	}
	return session, nil
}

// connectConsole lets the client's messages go in and the output come out.
func (a *API) connectConsole(ctx context.Context, s *Session, session *console.Session, view *console.Attachment) error {
	f := newFeed(s, source[console.Chunk](view), consoleStream())
	s.conn.AddFeed(f, wsconn.FeedOptions{Window: consoleWindow, Hurry: true})
	defer s.conn.RemoveFeed(f)
	for {
		select {
		case err := <-f.ended:
			if !errors.Is(err, io.EOF) {
				return err
			}
			return s.Send(ctx, exitEvent(session.Info()))
		case m := <-s.inbox:
			if err := a.consoleInput(ctx, s, session, m); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func exitEvent(info console.Info) wire.ConsoleExit {
	exit := wire.ConsoleExit{Type: "exit"}
	if info.ExitCode != nil {
		code := int64(*info.ExitCode)
		exit.Code = &code
	}
	return exit
}

func consoleStream() streamOptions[console.Chunk] {
	return streamOptions[console.Chunk]{
		Size: func(c console.Chunk) int { return len(c.Data) + len(c.Data)/8 + 64 },
		Many: true,
		Encode: func(dst []byte, e *topic.Event[console.Chunk]) ([]byte, error) {
			dst = append(dst, `{"type":"output","data":`...)
			dst = appendJSONString(dst, e.Value.Data)
			return append(dst, '}'), nil
		},
	}
}

// consoleMessage is any text message of a client.
type consoleMessage struct {
	Type string          `json:"type"`
	Data *string         `json:"data"`
	Cols json.RawMessage `json:"cols"`
	Rows json.RawMessage `json:"rows"`
	ID   json.RawMessage `json:"session_id"`
}

// consoleInput carries out one message of the client. It returns an error only
// if the conversation cannot go on.
func (a *API) consoleInput(ctx context.Context, s *Session, session *console.Session, m Message) error {
	if m.Binary {
		return a.consoleWrite(ctx, s, session, m.Payload)
	}
	if len(m.Payload) == 0 && s.Multiplexed() {
		return a.refuse(ctx, s, "the console is open already") // no payload is a form of open
	}
	var msg consoleMessage
	if err := json.Unmarshal(m.Payload, &msg); err != nil {
		return a.refuse(ctx, s, "not a console message: "+err.Error())
	}
	switch {
	case msg.Type == "input" && msg.Data != nil:
		return a.consoleWrite(ctx, s, session, []byte(*msg.Data))
	case msg.Type == "resize":
		size, err := parseSize(msg, true)
		if err != nil {
			return a.refuse(ctx, s, err.Error())
		}
		if _, err := session.Resize(size); err != nil && !errors.Is(err, console.ErrEnded) {
			return s.Send(ctx, wire.ErrorEvent{Type: "error", Message: err.Error()})
		}
		return nil
	case msg.Type == "input":
		return a.refuse(ctx, s, "data is missing")
	case msg.Type == "open":
		return a.refuse(ctx, s, "the console is open already")
	}
	return a.refuse(ctx, s, fmt.Sprintf("unknown type %q", msg.Type))
}

func (a *API) consoleWrite(ctx context.Context, s *Session, session *console.Session, data []byte) error {
	if err := session.Write(data); err != nil {
		a.log.Debug("console input failed", "err", err)
		return s.Send(ctx, wire.ErrorEvent{Type: "error", Message: "failed to write to console"})
	}
	return nil
}

// refuse tells of a message of the wrong shape, in the form of the socket.
func (a *API) refuse(ctx context.Context, s *Session, problem string) error {
	if s.reject != nil {
		s.reject(problem)
		return nil
	}
	return s.Send(ctx, wire.ErrorEvent{Type: "error", Message: "invalid input: " + problem})
}

// parseSize reads the size of a resize or open message; both sides are needed
// for a resize.
func parseSize(msg consoleMessage, both bool) (console.Size, error) {
	p := new(wire.ConsoleParams)
	raw := map[string]json.RawMessage{}
	for name, value := range map[string]json.RawMessage{"cols": msg.Cols, "rows": msg.Rows} {
		if len(value) > 0 {
			raw[name] = value
		} else if both {
			return console.Size{}, errors.New(name + " is missing")
		}
	}
	data, err := json.Marshal(raw)
	if err != nil {
		return console.Size{}, err
	}
	if err := parseObject(data, p); err != nil {
		return console.Size{}, err
	}
	return console.Size{Cols: p.Cols, Rows: p.Rows}, nil
}

// openingMessage reads the request that opened the console on a multiplexed
// socket into p. It returns the message if it is also to be carried out.
func openingMessage(s *Session, p *wire.ConsoleParams) (*Message, error) {
	m := <-s.inbox // the request itself, which is delivered before the channel starts
	if len(m.Payload) == 0 {
		return nil, setDefaults(p) // a new shell of the default size
	}
	var msg consoleMessage
	if err := json.Unmarshal(m.Payload, &msg); err != nil {
		return nil, badOpening(s, err.Error())
	}
	if err := setDefaults(p); err != nil {
		return nil, err
	}
	switch msg.Type {
	case "input":
		if msg.Data == nil {
			return nil, badOpening(s, "data is missing")
		}
		return &m, nil
	case "open", "resize":
		size, err := parseSize(msg, msg.Type == "resize")
		if err != nil {
			return nil, badOpening(s, err.Error())
		}
		p.Cols, p.Rows = size.Cols, size.Rows
		if msg.Type == "resize" || len(msg.ID) == 0 || string(msg.ID) == "null" {
			return nil, nil
		}
		id, err := uuidFromJSON(msg.ID)
		if err != nil {
			return nil, badOpening(s, err.Error())
		}
		p.SessionID = id
		return nil, nil
	}
	return nil, badOpening(s, fmt.Sprintf("unknown type %q", msg.Type))
}

// badOpening rejects a request that opens nothing.
func badOpening(s *Session, problem string) error {
	s.reject(problem)
	return errNotOpened
}

func uuidFromJSON(raw json.RawMessage) (string, error) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return "", errors.New("session_id is not a string")
	}
	id, err := parseUUID(text)
	if err != nil {
		return "", fmt.Errorf("session_id: %w", err)
	}
	return id.String(), nil
}
