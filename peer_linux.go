package heliograph

import (
	"context"
	"net"
	"os"
	"sync"

	"github.com/heliograph/heliograph/internal/server/peer"
)

// peerKey is the key of a context's *remote.
type peerKey struct{}

// remote finds out, once, whether the other end of a connection is of our user.
type remote struct {
	once sync.Once
	conn net.Conn
	ours bool
}

// withPeer lets the requests on a connection find out who is behind it.
func withPeer(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, &remote{conn: conn})
}

// ofSameUser reports whether a request is from a program of our user or of root. It is
// true where that cannot be known: in a server of the program's own.
func ofSameUser(ctx context.Context) bool {
	r, ok := ctx.Value(peerKey{}).(*remote)
	if !ok {
		return true
	}
	r.once.Do(func() {
		uid, err := peer.UID(r.conn)
		r.ours = err == nil && (uid == 0 || int(uid) == os.Geteuid())
	})
	return r.ours
}
