package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// otherUID is a user that the tests do not run as.
const otherUID = 4711

// TestMain doubles as the child that connects as another user: with an address
// in the environment it connects, and keeps the connection until its standard
// input ends.
func TestMain(m *testing.M) {
	addr := os.Getenv("PEER_TEST_CONNECT")
	if addr == "" {
		os.Exit(m.Run())
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	_ = conn.Close()
}

func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatalf("listen on %s: %v", addr, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// pair returns both ends of a connection to addr.
func pair(t *testing.T, listenAddr, dialHost string) (server, client net.Conn) {
	t.Helper()
	l := listen(t, listenAddr)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	client, err := net.DialTimeout("tcp", net.JoinHostPort(dialHost, port), 5*time.Second)
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = l.Accept()
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	t.Cleanup(func() { server.Close() })
	return server, client
}

func TestUIDOfOwnConnection(t *testing.T) {
	tests := []struct{ name, listen, dial string }{
		{"ipv4", "127.0.0.1:0", "127.0.0.1"},
		{"ipv4, another loopback address", "127.0.0.2:0", "127.0.0.2"},
		{"ipv6", "[::1]:0", "::1"},
		{"ipv4 to a socket for both", "[::]:0", "127.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server, _ := pair(t, tt.listen, tt.dial)
			uid, err := UID(server)
			if err != nil || int(uid) != os.Getuid() {
				t.Fatalf("UID = %d, %v, want %d", uid, err, os.Getuid())
			}
			local, remote := endpoint(server.LocalAddr()), endpoint(server.RemoteAddr())
			s, err := findInTables(tables, local, remote)
			if err != nil || int(s.uid) != os.Getuid() {
				t.Errorf("tables: %+v, %v, want uid %d", s, err, os.Getuid())
			}
			d, err := diag(local, remote)
			if err != nil {
				t.Skipf("no sock_diag here: %v", err)
			}
			if d != s {
				t.Errorf("sock_diag says %+v, the tables say %+v", d, s)
			}
		})
	}
}

// TestIPv4OverIPv6Socket has a client that uses an IPv6 socket to reach an IPv4
// listener, as programs in Java do: its line is in tcp6 alone.
func TestIPv4OverIPv6Socket(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatalf("socket: %v", err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	to := &syscall.SockaddrInet6{Port: l.Addr().(*net.TCPAddr).Port, Addr: netip.MustParseAddr("::ffff:127.0.0.1").As16()}
	if err := syscall.Connect(fd, to); err != nil {
		t.Fatalf("connect: %v", err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	defer server.Close()
	uid, err := UID(server)
	if err != nil || int(uid) != os.Getuid() {
		t.Fatalf("UID = %d, %v", uid, err)
	}
	s, err := findInTables(tables, endpoint(server.LocalAddr()), endpoint(server.RemoteAddr()))
	if err != nil || int(s.uid) != os.Getuid() {
		t.Fatalf("tables: %+v, %v", s, err)
	}
}

func TestUIDOfAnotherUser(t *testing.T) {
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") != "":
		t.Fatal("this test must run as root: it starts a process of another user")
	default:
		t.Skip("this test must run as root: it starts a process of another user")
	}
	l := listen(t, "127.0.0.1:0")
	cmd := exec.CommandContext(t.Context(), selfCopy(t))
	cmd.Env = []string{"PEER_TEST_CONNECT=" + l.Addr().String()}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: otherUID, Gid: otherUID}}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start as uid %d: %v", otherUID, err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if uid, err := UID(server); err != nil || uid != otherUID {
		t.Errorf("UID = %d, %v, want %d", uid, err, otherUID)
	}
	stdin.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("child: %v", err)
	}
}

// selfCopy puts the test binary where every user can run it.
func selfCopy(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path := dir + "/self"
	if err := os.WriteFile(path, data, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestClosedPeerIsNobody is the trap: once the client has closed, the kernel
// shows its socket with user 0.
func TestClosedPeerIsNobody(t *testing.T) {
	for _, reset := range []bool{false, true} {
		server, client := pair(t, "127.0.0.1:0", "127.0.0.1")
		if reset {
			_ = client.(*net.TCPConn).SetLinger(0)
		}
		client.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for {
			uid, err := UID(server)
			if errors.Is(err, ErrUnknown) {
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("reset=%v: UID = %d, %v after the peer closed, want ErrUnknown", reset, uid, err)
			}
			runtime.Gosched()
		}
	}
}

func TestOrphanLinesGiveNobody(t *testing.T) {
	local, remote := netip.MustParseAddrPort("127.0.0.1:5800"), netip.MustParseAddrPort("127.0.0.1:40000")
	const peerEnd = "   1: 0100007F:9C40 0100007F:16A8 %s 00000000:00000000 00:00000000 00000000 %d 0 %d 1\n"
	tests := []struct {
		name  string
		table string
		found bool
	}{
		{"established", fmt.Sprintf(peerEnd, "01", 0, 77), true},
		{"closed by its process", fmt.Sprintf(peerEnd, "01", 0, 0), false},
		{"FIN_WAIT1", fmt.Sprintf(peerEnd, "04", 0, 0), false},
		{"TIME_WAIT", fmt.Sprintf(peerEnd, "06", 0, 0), false},
		{"half closed", fmt.Sprintf(peerEnd, "05", 0, 77), false},
		{"our own end", "   1: 0100007F:16A8 0100007F:9C40 01 00000000:00000000 00:00000000 00000000 0 0 5 1\n", false},
		{"listener", "   1: 0100007F:16A8 00000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 5 1\n", false},
		{"nothing", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
			_, err := findInTable(strings.NewReader(head+tt.table), local, remote)
			if tt.found != (err == nil) || (err != nil && !errors.Is(err, ErrUnknown)) {
				t.Errorf("found %v, error %v", tt.found, err)
			}
		})
	}
}

func TestNoTCPIsNobody(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := UID(a); !errors.Is(err, ErrUnknown) {
		t.Errorf("UID of a pipe: %v", err)
	}
}

func FuzzParseLine(f *testing.F) {
	f.Add("   0: 0100007F:16A8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0")
	f.Add("   0: 00000000000000000000000001000000:16A8 0000000000000000FFFF00000100007F:0000 01 0:0 0:0 0 65534 0 1 1")
	f.Add("sl local_address")
	f.Fuzz(func(t *testing.T, line string) {
		s, err := parseLine(line)
		if err != nil {
			return
		}
		if !s.local.IsValid() || !s.remote.IsValid() || s.local.Addr().Is4In6() {
			t.Errorf("%q gave %+v", line, s)
		}
	})
}

func FuzzFindInTable(f *testing.F) {
	f.Add("   1: 0100007F:9C40 0100007F:16A8 01 0:0 0:0 0 0 0 77 1\n")
	f.Fuzz(func(t *testing.T, table string) {
		local, remote := netip.MustParseAddrPort("127.0.0.1:5800"), netip.MustParseAddrPort("127.0.0.1:40000")
		s, err := findInTable(strings.NewReader(table), local, remote)
		if err == nil && (s.inode == 0 || s.state != established || s.local != remote || s.remote != local) {
			t.Errorf("accepted %+v", s)
		}
	})
}

func FuzzParseDiag(f *testing.F) {
	f.Add(make([]byte, diagReplySize))
	f.Add(append([]byte{2, 1}, make([]byte, diagReplySize)...))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = parseDiag(data)
	})
}

func FuzzParseNetlink(f *testing.F) {
	f.Add(make([]byte, 16))
	f.Add([]byte{20, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		if payload, err := parseNetlink(data); err != nil && payload != nil {
			t.Errorf("%v and %v", payload, err)
		}
	})
}

func TestParseNetlink(t *testing.T) {
	refused := []byte{20, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff}
	if _, err := parseNetlink(refused); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ENOENT became %v", err)
	}
	if payload, err := parseNetlink([]byte{18, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9}); err != nil || string(payload) != "\x07\x08" {
		t.Errorf("%v, %v", payload, err)
	}
}

func BenchmarkUID(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	server, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	for b.Loop() {
		if _, err := UID(server); err != nil {
			b.Fatal(err)
		}
	}
}
