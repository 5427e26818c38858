// Package http tests the HTTP side of the HeliOS API and who may come in, against
// the running binary. The number in front of each test's comment is the section
// of the wire contract that it covers; "design 7" are the rules of access, which
// docs/security.md tells.
package http
