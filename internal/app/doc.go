// Package app puts the daemon together: every source is constructed here by
// name, handed to the protocols, and stopped in one visible order. Reading
// [New] shows the whole product on one screen.
package app
