package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/internal/server/token"
	"github.com/spf13/cobra"
)

// Exit codes of all verbs. After a shell was attached, console ends with the
// shell's own code instead.
const (
	ExitOK          = 0   // done; also when stopped by a signal a verb that runs until then, and when the reader of the output has gone
	ExitFailure     = 1   // it did not work
	ExitUsage       = 2   // the command line is wrong
	ExitUnreachable = 3   // the server cannot be reached
	ExitNotAllowed  = 4   // the server wants a token, or another one
	ExitNotFound    = 5   // no such channel, log source, session, stream or token
	ExitInterrupted = 130 // stopped by a signal before the work was done
)

const exitCodesHelp = `Exit codes: 0 done, 1 failed, 2 wrong command line, 3 server cannot be reached,
4 not allowed, 5 not found, 130 interrupted before the work was done.`

// errUsage marks errors of the command line.
var errUsage = errors.New("usage")

type usageError struct{ cause error }

func (e *usageError) Error() string   { return e.cause.Error() }
func (e *usageError) Unwrap() []error { return []error{errUsage, e.cause} }

// usagef makes an error of the command line.
func usagef(format string, values ...any) error {
	return &usageError{fmt.Errorf(format, values...)}
}

// A shellExit carries the exit code of a remote shell. It has been told already.
type shellExit int

func (e shellExit) Error() string { return fmt.Sprintf("the shell ended with code %d", int(e)) }

// exitCode gives the exit code for the error of a verb.
func exitCode(err error) int {
	var shell shellExit
	var told *client.Error
	var notRun runFailure
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &notRun):
		return notRun.code
	case errors.Is(err, syscall.EPIPE):
		return ExitOK
	case errors.As(err, &shell):
		return int(shell)
	case errors.Is(err, errUsage), errors.As(err, &told) && told.Code == "invalid_payload":
		return ExitUsage
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.Is(err, client.ErrNotAllowed):
		return ExitNotAllowed
	case errors.Is(err, client.ErrNotFound), errors.Is(err, token.ErrNotFound):
		return ExitNotFound
	case errors.Is(err, client.ErrUnreachable):
		return ExitUnreachable
	}
	return ExitFailure
}

// sentence says what went wrong and what to do next; empty when nothing needs to
// be said.
func sentence(cmd *cobra.Command, err error) string {
	if errors.As(err, new(shellExit)) || errors.Is(err, context.Canceled) {
		return ""
	}
	text := strings.ReplaceAll(err.Error(), "\n", " ")
	if hint := hint(cmd, err); hint != "" {
		text += "; " + hint
	}
	return text
}

func hint(cmd *cobra.Command, err error) string {
	var told *client.Error
	if errors.As(err, &told) && told.Remediation != "" {
		return told.Remediation
	}
	switch {
	case errors.Is(err, errUsage):
		return fmt.Sprintf("see %q", cmd.CommandPath()+" --help")
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)):
		return "if the server signed its certificate itself, name it with --ca FILE or --fingerprint"
	case errors.Is(err, client.ErrNotAllowed) && told != nil && (told.Status == 403 || told.Code == "forbidden"):
		return "use a token with a wider scope (--token-file, or HELIOGRAPH_TOKEN)"
	case errors.Is(err, client.ErrNotAllowed):
		return "give a token with --token-file or HELIOGRAPH_TOKEN; \"heliograph token create\" on the device makes one"
	case errors.Is(err, token.ErrNotFound):
		return "\"heliograph token list\" lists the tokens"
	case errors.Is(err, client.ErrUnreachable) && cmd.Flag("agent") != nil:
		return "start the application with \"heliograph run\", or name another agent with --agent"
	case told != nil && told.Channel == "sensors" && told.Code == "not_found":
		return "\"heliograph app sensors\" lists the sensors"
	case told != nil && told.Status == 404 && told.Op == "GET /api/v1/agent/status":
		return "name an agent with --agent"
	case errors.Is(err, client.ErrUnreachable):
		return "start \"heliograph serve\" there, or name another server with --server"
	case told != nil && told.Channel == "logs.stream" && told.Code == "not_found":
		return "\"heliograph logs --list\" lists the sources"
	case told != nil && told.Channel == "console.session" && told.Code == "not_found":
		return "\"heliograph console --list\" lists the sessions"
	case told != nil && (told.Code == "unknown_cmd" || told.Code == "invalid_payload"):
		return "\"heliograph channels\" lists the channels and their parameters"
	}
	return ""
}
