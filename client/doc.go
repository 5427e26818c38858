// Package client talks to a HeliOS device: typed subscriptions to its live
// channels, interactive consoles and its HTTP endpoints.
//
//	c, err := client.Dial(ctx, "http://127.0.0.1:5800", client.Options{})
//	...
//	sub, err := c.Telemetry(ctx, helios.TelemetryParams{})
//	...
//	for event, err := range sub.All(ctx) { ... }
//
// It works against any server that speaks the HeliOS device API and is a
// tolerant reader: unknown keys are ignored and optional ones may be missing.
//
// # Subscriptions
//
// A [Subscription] is one WebSocket and one goroutine. It ends when its context
// is cancelled, when it is closed, when the channel says that it is over, or
// when the server refuses it for good; [Subscription.Next] then returns the
// reason, [io.EOF] for a normal end.
//
// A connection that is lost is opened again, with growing pauses. This is never
// silent: the loss is an [Event] with a [Gap] of its own, and so is the return.
// After the return a channel starts its sequence again, so that a log, for
// example, repeats its last lines.
//
// # Bounds
//
// Each subscription keeps a bounded queue, in messages and in bytes. Channels
// of states (telemetry, processes, sensors, metrics, frames) keep the newest
// and say how many they left out, in [Event.Missed]. All others stop reading
// when the queue is full, so that the server's own rule for slow readers
// decides. A message above [Options.MaxMessage] ends the subscription.
//
// # Errors
//
// What a server says in an error body or in an error message of a channel is an
// [*Error]. Test for classes with errors.Is: [ErrUnreachable], [ErrNotAllowed],
// [ErrNotFound].
package client
