// Package peer finds the user behind the other end of a local TCP connection.
//
// The kernel knows the owner of every socket. For a connection over loopback
// the other end is a socket of this machine, so its owner can be looked up: by
// the exact four numbers of the connection over sock_diag (constant time), and
// where that does not exist, in /proc/net/tcp and /proc/net/tcp6.
//
// # What makes the answer safe
//
// The lookup takes only sockets in the state ESTABLISHED with an inode: a socket
// that its process has closed, or one in TIME_WAIT, is reported by the kernel
// with user 0, and taking that for root would hand root's rights to anybody.
//
// After the lookup the server's own end must still be ESTABLISHED. While it is,
// no other connection can have the same four numbers, so what was found is the
// other end of this connection and not of one that reused its port.
//
// The answer holds as long as the connection does: only root can change the
// owner of a socket. It may therefore be kept per connection, never per address.
package peer
