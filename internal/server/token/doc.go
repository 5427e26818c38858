// Package token keeps what lets people in from elsewhere: named tokens with
// scopes, the sessions of browsers that showed one, and the count of failed
// attempts.
//
// Tokens and session ids are 256 random bits. Only their SHA-256 is stored, in
// files of mode 0600 in the state directory; with that much randomness a plain
// hash is as good as a slow one. Comparing goes over all stored hashes in
// constant time.
//
// The file of tokens may be changed by the command line while a server runs:
// the server notices on the next use, so that a revoked token ends its sessions
// at once.
package token
