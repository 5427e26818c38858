// Package channels tests the channels of the HeliOS API, each on a socket of its
// own, against the running binary. The number in front of each test's comment is
// the section of the wire contract that it covers.
package channels
