//go:build !linux

package heliograph

import (
	"context"
	"net"
)

// withPeer: who is behind a connection is only known on Linux.
func withPeer(ctx context.Context, _ net.Conn) context.Context { return ctx }

func ofSameUser(context.Context) bool { return true }
