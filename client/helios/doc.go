// Package helios has the wire types of the HeliOS device API: the messages of
// its WebSocket channels, the envelope of the multiplexed socket, and the
// bodies of its HTTP endpoints. It imports the standard library only, so that
// any Go program can speak the protocol without taking in the server.
//
// Field names and presence follow the published API: a field without omitempty
// is always present; a pointer without omitempty is present and null when it
// has no value; a field with omitempty is left out when it has no value.
//
// Instants whose name ends in _ms are Unix times in milliseconds. Other instants
// are RFC 3339 strings.
package helios
