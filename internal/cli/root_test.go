package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/internal/cli/fakehelios"
	"github.com/spf13/cobra"
)

func TestUsageErrors(t *testing.T) {
	for _, args := range [][]string{
		{"toop"}, {"--nonsense"}, {"version", "extra"}, {"watch"}, {"watch", "x", "novalue"}, {"watch", "x", "a=1", "a=2"},
		{"watch", "x", "--for", "-1s"}, {"logs", "a", "b"}, {"logs", "--lines", "x"}, {"logs", "--lines", "-3"}, {"logs", "--lines", "3000"},
		{"logs", "--list", "--follow"}, {"top", "--sort", "colour"}, {"top", "--interval", "1ms"}, {"console", "--detach-keys", "ctrl-"},
		{"console", "x", "--list"}, {"--server", "ftp://x", "channels"}, {"channels", "--token", "a", "--token-file", "b"},
		{"channels", "--token-file", "/nonexistent"}, {"channels", "--ca", "/nonexistent"}, {"channels", "--fingerprint", "zz"},
		{"token", "create"}, {"token", "create", "x", "--scope", "god", "--state-dir", t.TempDir()},
	} {
		r := line{}.run(t, args...)
		if r.code != ExitUsage || !strings.Contains(r.err, "--help") || r.out != "" {
			t.Errorf("%v: code %d, stderr %q, stdout %q", args, r.code, r.err, r.out)
		}
	}
	line{}.run(t, "conslole").want(t, ExitUsage, `did you mean "console"`)
}

func TestHelpIsOnStandardOutput(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"token"}, {"help", "watch"}, {"completion", "bash"}} {
		if r := (line{}).run(t, args...); r.code != ExitOK || r.out == "" || r.err != "" {
			t.Errorf("%v: %+v", args, r)
		}
	}
}

func TestEveryVerbHasHelp(t *testing.T) {
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" || cmd.Runnable() && !cmd.HasSubCommands() && cmd.Name() != "help" && cmd.Parent().Name() != "completion" && cmd.Example == "" {
			t.Errorf("%s has no description or no example", cmd.CommandPath())
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(New(BuildInfo{}, Deps{}, Streams{}))
}

// TestVerbsWithoutServer: serve must not seem to take a token.
func TestVerbsWithoutServer(t *testing.T) {
	for args, code := range map[string]int{"own": ExitOK, "own --token x": ExitUsage, "--server y own": ExitUsage} {
		ran := false
		own := &cobra.Command{Use: "own", RunE: func(*cobra.Command, []string) error { ran = true; return nil }}
		var errs buffer
		root := New(BuildInfo{}, Deps{}, Streams{Out: &errs, Err: &errs}, own)
		if got := Execute(t.Context(), root, strings.Fields(args)); got != code || ran != (code == ExitOK) {
			t.Errorf("%s: code %d, ran %v: %s", args, got, ran, errs.String())
		}
		if usage := own.UsageString(); strings.Contains(usage, "--token") || !strings.Contains(usage, "own") {
			t.Errorf("usage %s", usage)
		}
	}
}

func TestServerThatIsNotThere(t *testing.T) {
	s := fakehelios.New(t)
	address := s.URL
	s.Close()
	for _, args := range [][]string{{"top"}, {"logs"}, {"console"}, {"watch", "x.y"}, {"channels"}, {"asyncapi"}} {
		line{env: map[string]string{"HELIOGRAPH_SERVER": address}}.run(t, args...).
			want(t, ExitUnreachable, address, "refused", "heliograph serve", "--server")
	}
}

func TestTokens(t *testing.T) {
	s := fakehelios.New(t)
	s.RequireToken("s3cret")
	s.JSON("GET /asyncapi.json", map[string]any{"channels": map[string]any{}})
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, s, "channels").want(t, ExitNotAllowed, "a token is required", "--token-file")
	run(t, s, "channels", "--token", "s3cret").want(t, ExitOK)
	run(t, s, "channels", "--token-file", file).want(t, ExitOK)
	line{in: strings.NewReader("s3cret\n")}.run(t, "channels", "--token-file", "-", "--server", s.URL).want(t, ExitOK)
	line{env: map[string]string{"HELIOGRAPH_TOKEN": "s3cret", "HELIOGRAPH_SERVER": s.URL}}.run(t, "channels").want(t, ExitOK)
	line{}.run(t, "channels", "--server", s.URL+"/#token=s3cret").want(t, ExitOK)
	r := run(t, s, "channels", "--token", "wr0ng", "--verbose")
	r.want(t, ExitNotAllowed)
	if strings.Contains(r.err+r.out, "wr0ng") {
		t.Errorf("the token is printed: %s", r.err)
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
	}{
		{nil, 0},
		{errors.New("x"), ExitFailure},
		{usagef("x"), ExitUsage},
		{fmt.Errorf("a: %w", client.ErrUnreachable), ExitUnreachable},
		{&client.Error{Status: 403}, ExitNotAllowed},
		{&client.Error{Code: "forbidden", Channel: "console.session"}, ExitNotAllowed},
		{&client.Error{Code: "invalid_payload"}, ExitUsage},
		{&client.Error{Code: "unknown_cmd"}, ExitNotFound},
		{&os.PathError{Op: "write", Err: syscall.EPIPE}, ExitOK},
		{shellExit(42), 42},
		{shellExit(0), 0},
	} {
		if got := exitCode(test.err); got != test.code {
			t.Errorf("%v: %d, want %d", test.err, got, test.code)
		}
	}
}

// TestClosedPipe: a reader that has seen enough is no failure and no message.
func TestClosedPipe(t *testing.T) {
	s := fakehelios.New(t)
	s.Socket("/v1/ws/logs", func(c *fakehelios.Conn) {
		for c.Send(`{"type":"line","timestamp_ms":1,"line":"again and again"}`) {
		}
	})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var errs buffer
	root := New(BuildInfo{}, Deps{}, Streams{In: strings.NewReader(""), Out: w, Err: &errs})
	done := make(chan int)
	go func() { done <- Execute(t.Context(), root, []string{"logs", "-f", "--server", s.URL}) }()
	if _, err := r.Read(make([]byte, 8)); err != nil {
		t.Error(err)
	}
	r.Close()
	if code := <-done; code != ExitOK || errs.String() != "" {
		t.Errorf("code %d, stderr %q", code, errs.String())
	}
}
