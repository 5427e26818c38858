// Package capture is an HTTP proxy that records the exchanges that go through it:
// what an application sends and gets, also within TLS, for which it has a
// certificate authority of its own that the application is told to trust.
//
//	application ──HTTP, CONNECT──> Proxy ──HTTP/1.1, HTTP/2──> server
//	                                 │
//	                                 └─ recorder.Network, when the exchange is over
//
// # What is passed on
//
// Everything, unchanged and without waiting for its end: bodies stream in both
// directions, encodings stay as they are, protocols are upgraded. WebSockets are one
// exchange, recorded at their end. What is neither TLS nor HTTP/1.1 within a CONNECT is
// passed through unseen and recorded as such; so is the TLS of a client that does
// not trust the authority, from its second connection to a host on.
//
// # What is recorded
//
// Sizes are those of the bodies as they were transferred. Of each body the first
// bytes are kept, up to recorder.Network.BodyLimit, decoded for display where
// Content-Encoding is gzip, deflate, br or zstd. Nothing is captured while nobody
// wants it.
//
// # Bounds
//
// 512 connections of clients and as many exchanges; 64 idle connections to servers,
// 90 s each; 1024 certificates; 256 hosts that are not looked into. A body costs the
// limit twice at most while it is decoded.
package capture
