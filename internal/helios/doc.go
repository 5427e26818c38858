// Package helios serves the HeliOS device API: the WebSocket channels on their
// own sockets (/v1/ws/<name>) and multiplexed on /v1/ws, and the HTTP
// endpoints below /v1.
//
// All channels stand in one table ([Channels]). A channel is a function that
// holds one conversation through a [Session], which hides whether it runs on a
// socket of its own or inside an envelope. What is sent to many clients is a
// stream: the session's connection pulls frames from a topic's subscription,
// and a frame is encoded once for all clients that want the same form.
package helios
