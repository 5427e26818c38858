// Package wsconn is the server's end of WebSocket connections: handshake,
// reader, write pump, limits, keep-alive and close codes (RFC 6455, with
// permessage-deflate of RFC 7692).
//
// A [Hub] owns connections; a [Conn] is one of them. A connection has two ways
// out:
//
//   - [Conn.Send] queues single frames in a bounded queue and waits for room;
//   - a [Feed] is asked for frames by the write pump whenever the peer can take
//     more, so that what a slow peer does not get is decided where it is known
//     (in the subscription), and nothing piles up here.
//
// Frames are made once and shared by reference between connections: a server's
// frames are not masked, therefore header and payload are the same bytes for
// every client. Compressed frames likewise are made once per message, without
// context takeover.
//
// # The write pump
//
// A connection that has nothing to send has no writing goroutine. The first
// thing to send starts one; it takes up to 64 frames or 256 KiB at a time,
// writes them with one writev, and ends when nothing is left. When the hub as a
// whole makes many small writes, pumps wait a few milliseconds before they
// collect, so that one write carries many messages. On a quiet hub, and for
// feeds that forbid it (a console), nothing waits.
//
// # Slow peers
//
// A write that makes no progress for the stall limit ends the connection with
// code 1013. A feed may have a window: it is not asked for more while that many
// bytes have not been acknowledged by the peer, where the acknowledgement is
// the pong to a ping that carries a byte count. Every WebSocket client answers
// pings, therefore the window works with clients that know nothing of it.
//
// # Ownership
//
// Payloads handed to frames belong to the frame and must not change. Payloads
// handed to a reader's callback are valid during the call only.
package wsconn
