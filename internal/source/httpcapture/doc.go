// Package httpcapture records the HTTP exchanges of the program that it is part of:
// those that it makes, through a Transport around its own, and those that it serves,
// through middleware.
//
//	client ──RoundTrip──> Transport ──> the program's transport
//	server ──ServeHTTP──> Middleware ──> the program's handler
//	                          └─ recorder.Network, when the exchange is over
//
// # What is passed on
//
// Everything, in the moment it comes: headers, bodies, errors, trailers, contexts and
// their cancellation, upgrades of the protocol, and the interfaces of bodies and
// writers that programs ask for. A request is sent as often as the program's
// transport is called: redirects and retries of clients are exchanges of their own,
// retries of a transport within one call are not.
//
// # What is recorded
//
// An exchange is recorded when its response was read to the end, was closed, or
// broke off; one whose response is never closed is not recorded. Sizes are those of
// the bytes that were read or written, of each body the first bytes are kept, up to
// recorder.Network.BodyLimit. Bodies in gzip and deflate are decoded for display.
// Bodies in other encodings are not kept, because nothing could be found in them
// that has to be masked.
//
// # Cost
//
// While nobody is interested, one atomic load. The decision is made when the exchange
// begins.
package httpcapture
