package helios

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

type streamIDKey struct{}

// withStreamID puts the stream that a channel is about into its context.
func withStreamID(ctx context.Context, id uuid.UUID) context.Context {
	return context.WithValue(ctx, streamIDKey{}, id)
}

// streamIDFrom returns the stream that a channel is about.
func streamIDFrom(ctx context.Context) uuid.UUID {
	id, _ := ctx.Value(streamIDKey{}).(uuid.UUID)
	return id
}

// detach returns a context that carries who asks and the ids of the request, but
// is not the request's: it neither ends with it nor keeps it in memory.
func detach(request context.Context) context.Context {
	ctx := access.WithTrace(context.Background(), access.TraceFrom(request))
	if who, ok := access.From(request); ok {
		ctx = access.WithIdentity(ctx, who)
	}
	return ctx
}

// handshake checks what can be checked before the upgrade. It reports whether
// to go on; if not, it has answered.
func (a *API) handshake(w http.ResponseWriter, r *http.Request, need access.Scope) bool {
	if status, problem := wsconn.CheckUpgrade(r); status != 0 {
		if status == http.StatusUpgradeRequired {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		a.fail(w, r, status, problem)
		return false
	}
	if err := access.Require(r.Context(), need); err != nil {
		a.fail(w, r, access.Status(err), err.Error())
		return false
	}
	return true
}

// serveSocket is the handler of a channel's own socket.
func (a *API) serveSocket(ch *Channel) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !a.handshake(w, r, ch.Scope) {
			return
		}
		params := ch.Params()
		if err := parseQuery(r.URL.Query(), params); err != nil {
			a.fail(w, r, http.StatusBadRequest, err.Error())
			return
		}
		ctx := detach(r.Context())
		if text := r.PathValue("stream_id"); text != "" {
			id, err := parseUUID(text)
			if err != nil {
				a.fail(w, r, http.StatusBadRequest, "invalid stream_id: "+err.Error())
				return
			}
			ctx = withStreamID(ctx, id)
		}
		conn, err := a.hub.Upgrade(w, r)
		if err != nil {
			a.log.Debug("websocket handshake failed", "channel", ch.Name, "err", err)
			return
		}
		a.hub.Go(conn, func(c *wsconn.Conn) { a.converse(ctx, c, ch, params) })
	}
}

// converse runs one channel on its own connection.
func (a *API) converse(ctx context.Context, c *wsconn.Conn, ch *Channel, params any) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(c.Context(), func() { cancel(context.Cause(c.Context())) })
	defer stop()
	s := &Session{
		conn: c, trace: access.TraceFrom(ctx),
		inbox: ch.newInbox(),
	}
	var channel sync.WaitGroup
	channel.Go(func() {
		err := ch.Serve(ctx, s, params)
		cancel(err)
		a.closeAfter(c, ch, err)
	})
	_ = c.Serve(func(kind wsconn.Kind, payload []byte) error {
		if !ch.Input {
			return nil
		}
		s.deliver(ctx, Message{Binary: kind == wsconn.BinaryMessage, Payload: payload})
		return nil
	})
	cancel(wsconn.ErrClosed)
	channel.Wait()
}

// closeAfter closes the connection as the channel's end demands.
func (a *API) closeAfter(c *wsconn.Conn, ch *Channel, err error) {
	switch {
	case c.Context().Err() != nil:
		return // the connection ended first
	case err == nil, errors.Is(err, errTold), errors.Is(err, io.EOF):
		c.Close(wsconn.CodeNormal, "")
	case errors.Is(err, topic.ErrLagged):
		c.Close(wsconn.CodeTryLater, wsconn.ErrSlow.Error())
	case errors.Is(err, topic.ErrClosed):
		c.Close(wsconn.CodeGoingAway, "the server shuts down")
	default:
		a.log.Warn("channel failed", "channel", ch.Name, "err", err)
		c.Close(wsconn.CodeInternal, "internal failure")
	}
}
