// Package streams tests the sockets of video streams against the running server,
// with the test pattern as the camera: every frame carries its number in its pixels,
// so that what arrives can be told from what was captured.
//
// The numbers in the comments of the tests are those of the wire contract.
package streams
