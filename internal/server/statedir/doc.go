// Package statedir keeps the state directory: where it is, who may own it, that
// only one server uses it, and how a small file in it is replaced safely.
//
// The directory decides who may come in (it holds the hashes of the tokens), so
// it must belong to the user of the server and nobody else may write to it.
package statedir
