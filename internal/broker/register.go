package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// Bounds of a connection to a broker.
const (
	dialTimeout  = 3 * time.Second
	writeTimeout = 3 * time.Second
	maxMessage   = 64 << 10
)

// Ports returns the ports of the known brokers.
func Ports() []int { return []int{19223, 19323} }

// Registration is what a broker is told of an agent.
type Registration struct {
	// Project is a stable name of the application's source, such as its path; Target
	// what it was built for, see Target.
	Project string `json:"project"`
	Target  string `json:"tfm"`
	// Platform is that of the agent's status; AppName is for people.
	Platform string `json:"platform"`
	AppName  string `json:"appName"`
	// Port is where the agent listens.
	Port int `json:"currentPort"`
	// Version is that of the agent; SessionID the identity of the build. Both may be
	// empty.
	Version   string `json:"version,omitempty"`
	SessionID string `json:"sessionId,omitempty"`
}

// Target returns the name of what this program was built for, for example
// "go1.26-linux".
func Target() string {
	version := strings.TrimPrefix(runtime.Version(), "go")
	if parts := strings.SplitN(version, ".", 3); len(parts) > 2 {
		version = parts[0] + "." + parts[1]
	}
	version, _, _ = strings.Cut(version, " ")
	return "go" + version + "-" + runtime.GOOS
}

// Platform returns the protocol's name of this system.
func Platform() string {
	switch runtime.GOOS {
	case "darwin":
		return "macos"
	case "windows", "android", "ios":
		return runtime.GOOS
	}
	return "linux"
}

// Register keeps an agent registered with the brokers at these ports until ctx is
// done, and returns then. A broker that is not there, or goes away, is tried again
// after 2, 5, 10 and then every 15 s. log may be nil.
func Register(ctx context.Context, ports []int, r Registration, log *slog.Logger) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	var all sync.WaitGroup
	for _, port := range ports {
		all.Go(func() { keep(ctx, port, r, log) })
	}
	all.Wait()
}

// keep keeps an agent registered with one broker.
func keep(ctx context.Context, port int, r Registration, log *slog.Logger) {
	for failures := 0; ctx.Err() == nil; failures++ {
		err := session(ctx, port, r, func(id string) {
			failures = 0
			log.Debug("registered with a broker", "port", port, "id", id)
		})
		log.Debug("no broker", "port", port, "err", err)
		wait := time.NewTimer(pause(failures))
		select {
		case <-ctx.Done():
		case <-wait.C:
		}
		wait.Stop()
	}
}

func pause(failures int) time.Duration {
	pauses := [...]time.Duration{2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second}
	return pauses[min(failures, len(pauses)-1)]
}

// session registers once and waits until the connection ends, which is an error.
func session(ctx context.Context, port int, r Registration, registered func(id string)) error {
	dialer := ws.Dialer{Timeout: dialTimeout}
	conn, buffered, _, err := dialer.Dial(ctx, "ws://localhost:"+strconv.Itoa(port)+"/ws/agent")
	if err != nil {
		return fmt.Errorf("connect to the broker: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	var in io.Reader = conn
	if buffered != nil {
		in = buffered
	}
	hello, err := json.Marshal(struct {
		Type string `json:"type"`
		Registration
	}{"register", r})
	if err != nil {
		return err
	}
	send := func(op ws.OpCode, payload []byte) error {
		if err := conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
			return err
		}
		return ws.WriteFrame(conn, ws.MaskFrameInPlace(ws.NewFrame(op, true, payload)))
	}
	if err := send(ws.OpText, hello); err != nil {
		return fmt.Errorf("register: %w", err)
	}
	return listen(in, send, registered)
}

// errEnded says that the broker closed the connection.
var errEnded = errors.New("the broker ended the connection")

// listen answers what the broker sends until the connection ends.
func listen(in io.Reader, send func(ws.OpCode, []byte) error, registered func(id string)) error {
	for {
		head, err := ws.ReadHeader(in)
		if err != nil {
			return fmt.Errorf("listen to the broker: %w", err)
		}
		if head.Length > maxMessage || head.Masked {
			return fmt.Errorf("listen to the broker: a frame of %d bytes", head.Length)
		}
		payload := make([]byte, head.Length)
		if _, err := io.ReadFull(in, payload); err != nil {
			return fmt.Errorf("listen to the broker: %w", err)
		}
		switch head.OpCode {
		case ws.OpPing:
			if err := send(ws.OpPong, payload); err != nil {
				return err
			}
		case ws.OpClose:
			_ = send(ws.OpClose, payload)
			return errEnded
		case ws.OpText:
			var answer struct{ Type, ID string }
			// A message that is not understood is none for us.
			if err := json.Unmarshal(payload, &answer); err == nil && answer.Type == "registered" {
				registered(answer.ID)
			}
		}
	}
}
