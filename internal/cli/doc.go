// Package cli is the command line of heliograph: one file per verb. Each verb is
// an options struct, a function that declares its flags and a runX that takes
// typed values and streams, so that it can be tested without a shell.
//
// Exit codes are in exit.go, the options that all client verbs share in
// remote.go. The verbs that talk to a server use package client only and work
// with any HeliOS server.
package cli
