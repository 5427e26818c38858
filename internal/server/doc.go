// Package server is the front door: listeners, TLS, who may come in, limits,
// and the order in which everything stops. It knows no protocol; the caller
// gives it [Route]s.
//
// # Start
//
// The order is visible in the caller, so that each refusal names its own cause:
//
//	listeners, err := server.Listen(ctx, addrs)    // the port is taken
//	state, err := statedir.Open(dir)               // the state directory is taken
//	srv, err := server.New(server.Options{…})      // options, certificate, tokens
//	err = srv.Run(ctx)                             // until ctx ends
//
// # The way of a request
//
// Every request passes these steps in this order, see chain.go: ids, access
// log, panic guard, security headers, method and body limits, Host, Origin and
// CORS, identity, route with its scope. The handler finds out who asks with
// access.From and asks access.Require before it does more than its route's
// scope allows.
//
// # WebSockets
//
// Handlers upgrade connections themselves: the response writer supports
// http.ResponseController, Unwrap and http.Hijacker. Everything above happens
// before the upgrade. The connection below is always the *net.TCPConn or
// *tls.Conn of the standard library. A hijacked connection is no longer counted
// or timed by this package, and is ended by a [Hook] of the caller.
package server
