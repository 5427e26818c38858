package http

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/heliograph/heliograph/test/e2e/device"
)

// visitorEnv makes this test's program that of another user: it reads calls from
// standard input and writes outcomes to standard output.
const visitorEnv = "HELIOGRAPH_E2E_VISITOR"

// nobody is the user and group of the visitor.
const nobody = 65534

// call is something that the visitor tries.
type call struct {
	Method, URL, Body string
	Header            map[string]string
	WebSocket         bool
}

// outcome is what came of it: the status, and the body or first message.
type outcome struct {
	Status int
	Text   string
	Err    string
	UID    int
}

// beVisitor is the visitor's main.
func beVisitor() int {
	var calls []call
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	outcomes := make([]outcome, len(calls))
	for i, c := range calls {
		outcomes[i] = c.try()
		outcomes[i].UID = os.Getuid()
	}
	if err := json.NewEncoder(os.Stdout).Encode(outcomes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func (c call) try() outcome {
	ctx, cancel := context.WithTimeout(context.Background(), device.Patience)
	defer cancel()
	header := http.Header{}
	for name, value := range c.Header {
		header.Set(name, value)
	}
	if c.WebSocket {
		return c.dial(ctx, header)
	}
	request, err := http.NewRequestWithContext(ctx, c.Method, c.URL, strings.NewReader(c.Body))
	if err != nil {
		return outcome{Err: err.Error()}
	}
	request.Header = header
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return outcome{Err: err.Error()}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return outcome{Err: err.Error()}
	}
	return outcome{Status: answer.StatusCode, Text: string(body)}
}

func (c call) dial(ctx context.Context, header http.Header) outcome {
	conn, answer, err := websocket.Dial(ctx, c.URL, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		o := outcome{Err: err.Error()}
		if answer != nil {
			o.Status = answer.StatusCode
		}
		return o
	}
	defer conn.CloseNow()
	o := outcome{Status: answer.StatusCode}
	if c.Body != "" {
		if err := conn.Write(ctx, websocket.MessageText, []byte(c.Body)); err != nil {
			o.Err = err.Error()
		}
	}
	_, data, err := conn.Read(ctx)
	if err != nil {
		o.Err = err.Error()
	}
	o.Text = string(data)
	return o
}

// visit lets another user make the calls.
func visit(t *testing.T, calls []call) []outcome {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root to become another user")
	}
	dir, err := os.MkdirTemp("", "visitor-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program := filepath.Join(dir, "visitor")
	if err := copyProgram(program); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env, cmd.Dir = []string{visitorEnv + "=1"}, "/"
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(input)), os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var outcomes []outcome
	if err := json.Unmarshal(output, &outcomes); err != nil || len(outcomes) != len(calls) {
		t.Fatalf("%s: %v", output, err)
	}
	for i, o := range outcomes {
		if o.UID != nobody {
			t.Fatalf("the visitor is user %d", o.UID)
		}
		if o.Status == 0 {
			t.Fatalf("%+v: %s", calls[i], o.Err)
		}
	}
	return outcomes
}

// copyProgram makes a copy of this program that everybody may run.
func copyProgram(to string) error {
	own, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer own.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, own); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
