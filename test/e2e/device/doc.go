// Package device runs the product as a person would, and talks to it as clients
// do: it builds the binary, starts `heliograph serve` with a home and a state
// directory of its own, or `heliograph run` with a program, opens sockets, makes
// requests, looks at the process from outside, and stops it. Every JSON message that
// a socket of this package gets is checked against the AsyncAPI document of its
// protocol, and every answer of the agent protocol against its OpenAPI document.
package device
