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
// # The life of a connection
//
//  1. [CheckUpgrade] tells what HTTP status a bad request deserves.
//  2. [Hub.Upgrade] answers the handshake and counts the connection.
//  3. [Hub.Go] runs the application's function in a goroutine of the hub; the
//     HTTP handler returns, and its buffers are freed.
//  4. [Conn.Serve] reads until the end and hands messages to a callback.
//     Context ends when closing begins, whoever began it and why.
//  5. After a close frame has been sent, the peer has 3 s to answer it, or 30 s
//     if it is still taking what was sent before. Then the transport is closed.
//  6. [Hub.Shutdown] does this for all and waits for everything the hub runs.
//
// # The write pump
//
// A connection that has nothing to send has no writing goroutine. The first
// thing to send starts one; it takes about 64 frames or 256 KiB at a time,
// writes them with one writev, and ends when nothing is left. When the hub as a
// whole makes many small writes, pumps wait a few milliseconds before they
// collect, so that one write carries many messages. On a quiet hub, and for
// feeds that forbid it (a console), nothing waits. The queue is written before
// the feeds, which are asked in turn; none can keep another from being asked.
//
// # Slow peers
//
// When a peer has accepted nothing for the stall limit while there was something
// to write, the connection begins to close with code 1013: the frame that was
// begun is completed, everything behind it is dropped, and the peer has 30 s to
// read on and learn of it. After that it is cut.
//
// A feed may have a window: it is not asked for more while that many bytes have
// not been acknowledged by the peer, where the acknowledgement is the pong to a
// ping that carries a byte count. Every WebSocket client answers pings, in the
// order in which it reads, therefore the window works with clients that know
// nothing of it. A window that stays full for the stall limit is a stall. What is
// of use only while it is new has a window of batches instead, which grows with the
// length of the way but not with its queues: see FeedOptions.Ahead.
//
// # Bounds
//
// Per connection: 64 frames or 1 MiB in the queue, 16 control frames, one message
// of the read limit being read (with its inflated form, and what growing costs,
// up to three times as much), one batch being written. An idle connection holds
// no buffer. Time is measured on a clock that does not jump when the device's
// clock is set.
//
// # Locks
//
// A feed is asked with the connection's lock held and may take its own lock
// (conn.mu before topic.mu). [Conn.Wake] takes no lock, so that it may be called
// with a topic's lock held. The hub's lock is taken while no other is held.
//
// # Ownership
//
// Payloads handed to frames belong to the frame and must not change. Payloads
// handed to a reader's callback are valid during the call only.
package wsconn
