// Package topic is the bus between the sources of a device and the channels of
// a protocol.
//
// A [Topic] is a typed, numbered stream of events with one producer, a bounded
// history and any number of subscribers. Subscribers hold no queue of their
// own: a [Subscription] is a cursor into the shared history, so that memory
// depends on the history alone and a subscriber that reads nothing costs
// nothing. Publishing never blocks and never waits for a subscriber.
//
//	source ──Publish──> history ring ──Fill/Next──> subscription (cursor)
//
// # Order and loss
//
// Events of a topic carry a dense sequence number from 1 and the topic carries
// an epoch that is random per process start; together they are a [Position].
// Subscribing places the cursor and registers for live events in one step,
// therefore replay and live events have neither a gap nor an overlap. What
// happens to a subscriber that falls behind is its [Policy]; losses are always
// counted and always told, either as [Item.Missed] or by an error.
//
// # Demand
//
// A topic with a [Source] runs it only while somebody is subscribed. The first
// subscription starts it; when the last one closes, the source lingers for
// [Options.Linger] and is then cancelled and waited for. One supervisor
// retries a source that breaks; a source that cannot exist on this device
// returns [ErrNotPresent] and is left alone until the next demand.
//
// # Encode once
//
// [Encode] keeps the encoded forms of an event beside it. The first subscriber
// that needs a form makes it, all others share the same bytes.
//
// # Concurrency
//
// All methods are safe for concurrent use, except that one Subscription is
// read by one goroutine at a time. Values and encoded forms are shared between
// subscribers and must not be changed after they were published.
package topic
