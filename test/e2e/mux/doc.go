// Package mux tests the multiplexed socket /v1/ws and the AsyncAPI document that
// describes it, against the running binary. The number in front of each test's
// comment is the section of the wire contract that it covers. All messages of the
// server, and all well-formed requests of the tests, are checked against the
// document.
package mux
