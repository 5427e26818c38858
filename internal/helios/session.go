package helios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/access"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

const (
	// inboxSize bounds the client messages that a channel has not read yet.
	// While it is full nothing is read from that connection.
	inboxSize = 64
	// stallLimit is how long a channel that must not lose anything waits for
	// a peer that does not read.
	stallLimit = 10 * time.Second
)

// errTold ends a channel after it has told the client itself what went wrong.
var errTold = errors.New("the client was told")

// errNotOpened ends a channel whose opening request was rejected.
var errNotOpened = errors.New("the channel was not opened")

// Message is one message of the client to a channel.
type Message struct {
	Binary  bool
	Payload []byte
}

// Session is a channel's end of one conversation.
type Session struct {
	conn  *wsconn.Conn
	trace access.Trace
	// cmd is the channel's name in envelopes; empty on a socket of its own.
	cmd    string
	prefix []byte // in front of binary messages
	inbox  chan Message
	// reject reports a client message of the wrong shape, where that is not
	// the channel's own business.
	reject func(problem string)
}

// Multiplexed reports whether the session shares its connection.
func (s *Session) Multiplexed() bool { return s.cmd != "" }

// ids returns request and trace id of the conversation: those of the request if
// they are UUIDs, which the error objects demand, and otherwise new ones.
func (s *Session) ids() (requestID, traceID string) {
	asUUID := func(given string) string {
		if id, err := parseUUID(given); err == nil {
			return id.String()
		}
		return uuid.NewString()
	}
	if s.trace.RequestID == s.trace.TraceID {
		id := asUUID(s.trace.RequestID)
		return id, id
	}
	return asUUID(s.trace.RequestID), asUUID(s.trace.TraceID)
}

// newInbox returns the queue of the client's messages. A channel without input
// has none, which saves an idle connection two kilobytes.
func (c *Channel) newInbox() chan Message {
	if !c.Input {
		return nil
	}
	return make(chan Message, inboxSize)
}

// Send sends one message. It waits for room in the connection's queue until ctx
// is done.
func (s *Session) Send(ctx context.Context, payload any) error {
	data, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode %T: %w", payload, err)
	}
	return s.conn.Send(ctx, s.frame(data))
}

// frame wraps an encoded message for this session.
func (s *Session) frame(data []byte) *wsconn.Frame {
	if s.cmd == "" {
		return wsconn.Text(data)
	}
	return wsconn.Text(envelope(s.cmd, data, time.Now()))
}

// Receive waits for the next message of the client.
func (s *Session) Receive(ctx context.Context) (Message, error) {
	select {
	case m := <-s.inbox:
		return m, nil
	case <-ctx.Done():
		return Message{}, context.Cause(ctx)
	}
}

// deliver queues a client message for the channel. It waits while the channel
// has not read the earlier ones, until ctx is done.
func (s *Session) deliver(ctx context.Context, m Message) {
	m.Payload = append([]byte(nil), m.Payload...)
	select {
	case s.inbox <- m:
	case <-ctx.Done():
	}
}

// maxEnvelope is the length of an envelope without command and payload, rounded
// up.
const maxEnvelope = 64

// envelope returns the message in the form of the multiplexed socket.
func envelope(cmd string, payload []byte, now time.Time) []byte {
	dst := beginEnvelope(make([]byte, 0, len(payload)+len(cmd)+maxEnvelope), cmd)
	dst = append(append(dst, `,"payload":`...), payload...)
	return endEnvelope(dst, now)
}

func beginEnvelope(dst []byte, cmd string) []byte {
	return appendJSONString(append(dst, `{"cmd":`...), cmd)
}

func endEnvelope(dst []byte, now time.Time) []byte {
	dst = now.UTC().AppendFormat(append(dst, `,"sent-at":"`...), "2006-01-02T15:04:05.000Z07:00")
	return append(dst, `"}`...)
}

// source is where a stream's events come from: a topic's subscription, or
// something that reads like one.
type source[T any] interface {
	// Fill is that of topic.Subscription.
	Fill(dst []topic.Item[T]) (int, error)
}

// streamOptions say how events become messages.
type streamOptions[T any] struct {
	// Subscribe is how stream subscribes; Wake is filled in.
	Subscribe topic.SubscribeOptions
	// Feed is how the connection's write pump treats the stream.
	Feed wsconn.FeedOptions
	// Variant tells apart events that are encoded differently for different
	// parameters.
	Variant int
	// Size guesses the length of an event's message, in bytes.
	Size func(T) int
	// Many forbids compression: the messages are too many or too urgent.
	Many bool
	// Encode appends the message of an event.
	Encode func(dst []byte, e *topic.Event[T]) ([]byte, error)
	// Lagged, if not nil, makes the message that tells of n lost events.
	Lagged func(n uint64) any
}

// encodeJSON makes an Encode out of a function that returns the message.
func encodeJSON[T any](message func(T) any) func([]byte, *topic.Event[T]) ([]byte, error) {
	return func(dst []byte, e *topic.Event[T]) ([]byte, error) {
		data, err := json.Marshal(message(e.Value))
		return append(dst, data...), err
	}
}

// stream subscribes and lets the connection pull messages until ctx is done or
// the topic ends. It returns why; io.EOF if the source has finished.
func stream[T any](ctx context.Context, s *Session, t *topic.Topic[T], opts streamOptions[T]) error {
	opts.Subscribe.Wake = s.conn.Wake
	sub, err := t.Subscribe(opts.Subscribe)
	if err != nil {
		return err
	}
	defer sub.Close()
	return pull(ctx, s, sub, opts)
}

// pull is stream for a subscription that the caller has made, with the
// connection's Wake.
func pull[T any](ctx context.Context, s *Session, from source[T], opts streamOptions[T]) error {
	f := newFeed(s, from, opts)
	s.conn.AddFeed(f, opts.Feed)
	defer s.conn.RemoveFeed(f)
	select {
	case err := <-f.ended:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// feed takes events for the connection's write pump.
type feed[T any] struct {
	session *Session
	from    source[T]
	opts    streamOptions[T]
	ended   chan error
	over    bool
	items   [16]topic.Item[T]
}

func newFeed[T any](s *Session, from source[T], opts streamOptions[T]) *feed[T] {
	return &feed[T]{session: s, from: from, opts: opts, ended: make(chan error, 1)}
}

// Frames implements wsconn.Feed.
func (f *feed[T]) Frames(dst []*wsconn.Frame, limit int) []*wsconn.Frame {
	for limit > 0 && !f.over {
		n, err := f.from.Fill(f.items[:min(limit, len(f.items))])
		if err != nil {
			f.end(err)
		}
		if n == 0 {
			break
		}
		for i, item := range f.items[:n] {
			dst = f.appendItem(dst, item)
			f.items[i] = topic.Item[T]{}
		}
		limit -= n
	}
	return dst
}

func (f *feed[T]) end(err error) {
	if !f.over {
		f.over = true
		f.ended <- err
	}
}

func (f *feed[T]) appendItem(dst []*wsconn.Frame, item topic.Item[T]) []*wsconn.Frame {
	if item.Missed > 0 && f.opts.Lagged != nil {
		if data, err := json.Marshal(f.opts.Lagged(item.Missed)); err == nil {
			dst = append(dst, f.session.frame(data))
		}
	}
	frame, err := topic.Encode(item.Event, topic.Key{Form: f.session.cmd, Variant: f.opts.Variant}, f.encode)
	if err != nil {
		f.end(fmt.Errorf("encode event %d: %w", item.Event.Seq, err))
		return dst
	}
	return append(dst, frame)
}

// overhead returns the room that an envelope takes.
func (f *feed[T]) overhead() int {
	if f.session.cmd == "" {
		return 0
	}
	return len(f.session.cmd) + maxEnvelope
}

// about is a Size for messages that are all about as long.
func about[T any](bytes int) func(T) int { return func(T) int { return bytes } }

// encode makes the event's frame in the form of this session, once for all
// sessions of that form.
func (f *feed[T]) encode(e *topic.Event[T]) (*wsconn.Frame, error) {
	cmd := f.session.cmd
	return wsconn.AppendText(f.opts.Size(e.Value)+f.overhead(), !f.opts.Many, func(dst []byte) ([]byte, error) {
		if cmd == "" {
			return f.opts.Encode(dst, e)
		}
		dst, err := f.opts.Encode(append(beginEnvelope(dst, cmd), `,"payload":`...), e)
		return endEnvelope(dst, time.Now()), err
	})
}
