// Package childenv makes the environment in which an unchanged program sends its
// traffic through a capturing proxy and trusts its authority.
//
// # What goes through the proxy
//
// HTTP_PROXY and HTTPS_PROXY, in upper and lower case, name the proxy; a proxy that
// the user had named is used behind it. NO_PROXY is the user's, with the agent's own
// addresses added. Loopback is captured like everything else, since an application
// under test talks to services beside it; some clients never use a proxy for it: Go's
// net/http, for one.
//
// Node before version 24 ignores these variables. It loads a small script first
// (NODE_OPTIONS), which sends what http, https and fetch do through the proxy, and
// straight to the server if the proxy has gone.
//
// # What is trusted
//
// A file with the authorities of the system (or those of the user's SSL_CERT_FILE), those
// that the user's other variables name, and that of the proxy, named by the variables of OpenSSL, Go, Node, Deno, Python
// (requests, pip, AWS), curl, git, cargo, gRPC, Perl and Nix. Java keeps its own store
// and is not told: its connections are passed through unseen.
package childenv
