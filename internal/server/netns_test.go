package server

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// otherAddr is an address that is not loopback, in a network of its own.
const otherAddr = "198.51.100.7"

// inNetwork runs fn on a thread with a network of its own: loopback and
// otherAddr. Sockets that fn makes stay there.
func inNetwork(t *testing.T, fn func() error) {
	t.Helper()
	needRoot(t)
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			err = errors.Join(up("lo", "127.0.0.1"), up("lo:1", otherAddr))
		}
		if err == nil {
			err = fn()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// up gives an interface an address and starts it.
func up(name, addr string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := req.SetInet4Addr(net.ParseIP(addr).To4()); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFADDR, req); err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, req)
}

// TestOtherAddressesNeedTheToken reaches a server of the own user over an
// address that is not loopback, and from another network namespace.
func TestOtherAddressesNeedTheToken(t *testing.T) {
	inNetwork(t, func() error {
		listeners, err := Listen(t.Context(), []string{"0.0.0.0:0"})
		if err != nil {
			return err
		}
		h := start(t, func(o *Options) { o.Listeners = listeners })
		_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
		for _, tt := range []struct {
			addr, path, token string
			status            int
		}{
			{otherAddr, "/v1/view", "", 401},
			{otherAddr, "/v1/ws", "", 401},
			{otherAddr, "/v1/view", h.token, 200},
			{otherAddr, "/", "", 200},
			{otherAddr, "/healthz", "", 200},
			// Loopback, but of a network that the server's process is not in:
			// nobody can tell whose it is.
			{"127.0.0.1", "/v1/view", "", 401},
			{"127.0.0.1", "/v1/view", h.token, 200},
		} {
			got, err := getHere(net.JoinHostPort(tt.addr, port), tt.path, tt.token)
			if err != nil {
				return err
			}
			if got != tt.status {
				t.Errorf("%+v: status %d", tt, got)
			}
		}
		return nil
	})
}

// TestOwnUserOverAnotherAddress needs the token too, although the kernel could
// tell whose the connection is.
func TestOwnUserOverAnotherAddress(t *testing.T) {
	inNetwork(t, func() error {
		listeners, err := Listen(t.Context(), []string{"0.0.0.0:0"})
		if err != nil {
			return err
		}
		start(t, func(o *Options) {
			o.Listeners = listeners
			o.peerUID = func(net.Conn) (uint32, error) { return uint32(os.Geteuid()), nil }
		})
		_, port, _ := net.SplitHostPort(listeners[0].Addr().String())
		for addr, status := range map[string]int{otherAddr: 401, "127.0.0.1": 200} {
			got, err := getHere(net.JoinHostPort(addr, port), "/v1/view", "")
			if err != nil {
				return err
			}
			if got != status {
				t.Errorf("%s: status %d, want %d", addr, got, status)
			}
		}
		return nil
	})
}

// getHere asks from the calling thread, that is in its network.
func getHere(addr, path, token string) (int, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	auth := ""
	if token != "" {
		auth = "Authorization: Bearer " + token + "\r\n"
	}
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: "+addr+"\r\nConnection: close\r\n"+auth+"\r\n"); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
