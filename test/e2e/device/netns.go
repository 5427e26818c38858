package device

import (
	"context"
	"fmt"
	"net"
	"runtime"

	"golang.org/x/sys/unix"
)

// SmallBuffers is a Wrap that gives the server a network of its own, in which
// the kernel holds only a few KiB for a peer that does not read, instead of
// megabytes. It needs root and Options.OwnNetwork.
func SmallBuffers() []string {
	script := `set -e; ip link set lo up
sysctl -q -w net.ipv4.tcp_wmem="4096 4096 8192" net.ipv4.tcp_rmem="4096 131072 6291456"
exec "$@"`
	return []string{"unshare", "--net", "--", "sh", "-c", script, "sh"}
}

// dialContext is that of net.Dialer.
type dialContext func(ctx context.Context, network, addr string) (net.Conn, error)

// dialInside dials from the network namespace of a process: a socket belongs to
// the namespace of the thread that made it.
func dialInside(pid int, dial dialContext) dialContext {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		type result struct {
			conn net.Conn
			err  error
		}
		done := make(chan result, 1)
		go func() {
			// The thread is not unlocked: it ends with the goroutine, so that
			// nothing else runs in the foreign namespace.
			runtime.LockOSThread()
			if err := enterNetwork(pid); err != nil {
				done <- result{nil, err}
				return
			}
			conn, err := dial(ctx, network, addr)
			done <- result{conn, err}
		}()
		r := <-done
		return r.conn, r.err
	}
}

func enterNetwork(pid int) error {
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", pid), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open network of process %d: %w", pid, err)
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("enter network of process %d: %w", pid, err)
	}
	return nil
}
