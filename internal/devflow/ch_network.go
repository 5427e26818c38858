package devflow

import (
	"context"
	"fmt"
	"strings"

	wire "github.com/heliograph/heliograph/client/devflow"
	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// networkFilter is what a client wants of the exchanges.
type networkFilter struct {
	host, method string // empty: all
	status       int    // 0: all
}

func (f networkFilter) pass(e recorder.NetworkEvent) bool {
	x := e.Exchange
	return x != nil &&
		(f.host == "" || strings.Contains(strings.ToLower(x.Host), strings.ToLower(f.host))) &&
		(f.method == "" || strings.EqualFold(x.Method, f.method)) &&
		(f.status == 0 || x.Status == f.status)
}

// serveNetwork sends the replay, each new exchange, and what was asked for.
func serveNetwork(ctx context.Context, s *session, params any) error {
	p := params.(*wire.NetworkParams)
	filter := networkFilter{host: p.Host, method: p.Method}
	stream, err := s.api.rec.Network.Open(s.conn.Wake)
	if err != nil {
		return err
	}
	defer stream.Close()
	if p.Replay > 0 {
		entries, err := list(newest(stream.Held, 0, p.Replay, filter.pass), s.mirror, networkItem)
		if err != nil {
			return err
		}
		if err := s.sendRaw(ctx, s.replay("entries", entries)); err != nil {
			return err
		}
	}
	stream.Held = nil
	f := newFeed(stream, stream.Last, func(e *recorder.Event[recorder.NetworkEvent]) (*wsconn.Frame, error) {
		if e.Value.Exchange != nil && !filter.pass(e.Value) {
			return nil, nil
		}
		return live(e, s.mirror, networkMessage)
	})
	return run(ctx, s, stream, f, func(c command) error { return s.onNetwork(ctx, f, c) })
}

// onNetwork obeys a command. Its answer takes its place among the exchanges, so that
// nothing is told out of order.
func (s *session) onNetwork(ctx context.Context, f *feed[recorder.NetworkEvent], c command) error {
	network := s.api.rec.Network
	var answer []byte
	switch c.Type {
	case wire.TypeClear:
		if s.change == nil {
			network.Clear()
			return nil
		}
		answer = s.networkError(s.change.Error(), "")
	case wire.TypeGetDetails:
		var id string
		if !text(c.Data["id"], &id) && !text(c.ID, &id) {
			return nil
		}
		answer = s.details(id)
	default:
		return nil
	}
	frame := wsconn.Text(answer)
	return f.put(ctx, s.conn, network.Position(), func() *wsconn.Frame { return frame })
}

// details answers get_details.
func (s *session) details(id string) []byte {
	x, gone, ok := s.api.rec.Network.Find(id)
	if !ok {
		return s.networkError(fmt.Sprintf("Network request '%s' not found", bounded(id)), bounded(id))
	}
	data, err := marshal(toDetail(x, gone))
	if err != nil {
		return s.networkError(err.Error(), bounded(id))
	}
	return entryMessage(wire.TypeDetails, data, s.mirror)
}

func (s *session) networkError(problem, id string) []byte {
	m := wire.NetworkError{Type: wire.TypeError, Timestamp: now(), Data: wire.NetworkErrorData{Message: problem, ID: id}}
	if s.mirror {
		m.Error = problem
	}
	data, _ := marshal(m) // strings always have a JSON form
	return data
}

func networkItem(e recorder.NetworkEvent, _ bool) any { return toSummary(e.Exchange) }

func networkMessage(e recorder.NetworkEvent, mirror bool) ([]byte, error) {
	if e.Exchange == nil {
		return marshal(wire.NetworkCleared{Type: wire.TypeCleared, Timestamp: now()})
	}
	data, err := marshal(toSummary(e.Exchange))
	if err != nil {
		return nil, err
	}
	return entryMessage(wire.TypeRequest, data, mirror), nil
}
