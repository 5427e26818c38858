// Package cert provides the server's TLS certificate: from files that may be
// replaced while the server runs, or one that it signs itself and keeps in the
// state directory.
package cert
