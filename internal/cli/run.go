package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/internal/app"
)

// Exit codes of run when the program was not started, as those of env(1).
const (
	ExitRunFailed      = 125 // of heliograph itself
	ExitNotExecutable  = 126
	ExitCommandMissing = 127
)

// witnessVerb is the hidden verb that run starts beside the program.
const witnessVerb = "run-witness"

// ownSignals is the annotation of verbs that take care of signals themselves.
const ownSignals = "own-signals"

// runOptions are the flags of run.
type runOptions struct {
	program  app.RunOptions
	announce string
	compat   string
	brokers  []int
	logLevel string
}

func (o *runOptions) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SetInterspersed(false) // what follows the command is the command's
	f.StringArrayVar(&o.program.Listen, "listen", []string{agentListen}, "listen at this `ADDR`, host:port; port 0 picks a free one; repeatable")
	f.StringVar(&o.announce, "announce", "stdout", "print the address before the program starts, on `WHERE`: stdout, stderr or none")
	addCaptureFlags(f, &o.program.Capture, "that of the program or script")
	addProgramFlags(f, &o.program.ProgramOptions)
	f.BoolVar(&o.program.Stay, "stay", false, "go on serving when the program has ended, until a signal")
	addBrokerFlag(f, &o.brokers)
	f.StringVar(&o.compat, "compat", "", "answer as older agents did, in this `MODE`: mirror")
	f.StringArrayVar(&o.program.AllowOrigins, "allow-origin", nil, "let pages of this `ORIGIN` use the API, such as https://panel.example; repeatable")
	f.StringArrayVar(&o.program.AllowHosts, "allow-host", nil, "answer to this `NAME` in Host headers, besides the device's own; repeatable")
	f.StringVar(&o.logLevel, "log-level", "warn", "log to standard error from this `LEVEL` on: debug, info, warn, error")
	f.StringVar(&o.program.UIDir, "ui-dir", "", "serve the user interface from this `DIR`, for work on it")
	_ = f.MarkHidden("ui-dir")
}

// NewRun makes the verb that runs a program and shows it.
func NewRun(info BuildInfo, streams Streams) *cobra.Command {
	var opts runOptions
	cmd := &cobra.Command{
		Use:   "run [flags] -- COMMAND [ARG…]",
		Short: "Run a program, unchanged, and show what it does",
		Long: `Run a program and serve what it does: what it prints as log entries, its HTTP
exchanges with bodies, its CPU, memory and threads while a profiler session runs, its
life (started, paused, resumed, stopped), and the spans and logs that it exports with
OpenTelemetry.

The program runs as it would without heliograph: standard input is its own, output is
passed on byte for byte, signals reach it once, and its exit code (or 128 and the
number of the signal that ended it) is heliograph's. If heliograph is killed, the
program gets SIGTERM.

Its traffic goes through a proxy of this machine, which it is told of by HTTP_PROXY
and the like; it is told to trust the proxy's authority, which exists as long as the
run, by SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE and the like. Loopback
is captured, too, by clients that use a proxy for it (Go's do not). Programs that
ignore these variables, or change to another user, need --no-proxy or are not seen.
Python holds back what it prints to a pipe: set PYTHONUNBUFFERED=1 to see it live.

Secrets in captured requests and in log entries are replaced by *** unless --reveal is
given; what is passed on is never changed.

The line "listening on http://…" tells each address in use. It is the first on
standard output, before the program starts; where that is in the way, see --announce.

Exit codes: those of the program; 125 heliograph itself has failed, 126 the command
cannot be executed, 127 it was not found, 2 wrong command line.`,
		Example: `  heliograph run -- node app.js
  heliograph run --listen 127.0.0.1:0 -- python3 app.py --verbose
  heliograph run --upstream-ca ca.pem --stay -- curl https://server.test/
  heliograph run --announce stderr -- producer | consumer`,
		Args: func(_ *cobra.Command, command []string) error {
			if len(command) == 0 || command[0] == "" {
				return usagef("what is to be run? heliograph run -- COMMAND")
			}
			return nil
		},
		Annotations: map[string]string{ownSignals: ""},
		RunE: func(cmd *cobra.Command, command []string) error {
			opts.program.Command = command
			return runRun(cmd.Context(), info, streams, opts)
		},
	}
	opts.addFlags(cmd)
	return cmd
}

// runRun runs a program and returns its exit code as an error, unless it is 0.
func runRun(ctx context.Context, info BuildInfo, streams Streams, opts runOptions) error {
	if err := opts.check(); err != nil {
		return err
	}
	log, err := newLogger(streams.Err, opts.logLevel)
	if err != nil {
		return err
	}
	run := opts.program
	run.Brokers = opts.brokers
	run.Mirror, run.Version, run.Logger = opts.compat == "mirror", first(info.Version, "unknown"), log
	if err := attend(&run.ProgramOptions, streams); err != nil {
		return runFailure{err, ExitRunFailed}
	}
	ctx, stop := endingSignals(ctx)
	defer stop()
	program, err := app.NewProgram(ctx, run)
	if err != nil {
		return runFailure{err, ExitRunFailed}
	}
	defer program.Close()
	if err := opts.tell(streams, program); err != nil {
		return runFailure{err, ExitRunFailed}
	}
	exit, err := program.Run(ctx)
	var failure runFailure
	switch err = notStarted(err); {
	case errors.As(err, &failure):
		return err
	case err != nil:
		return runFailure{err, ExitRunFailed}
	case exit.Status() != 0:
		return shellExit(exit.Status())
	}
	return nil
}

// endingSignals returns a context that ends with a signal, for which --stay waits. A
// signal that we were started to ignore stays ignored, also by the program.
func endingSignals(ctx context.Context) (context.Context, context.CancelFunc) {
	var list []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			list = append(list, s)
		}
	}
	if len(list) == 0 { // of NotifyContext, none would mean all
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, list...)
}

// tell prints where the server is, and how to get in from elsewhere.
func (o *runOptions) tell(streams Streams, program *app.Program) error {
	var out io.Writer
	switch o.announce {
	case "stdout":
		out = streams.Out
	case "stderr":
		out = streams.Err
	default:
		return nil
	}
	remote := false
	for i, url := range program.URLs() {
		if _, err := fmt.Fprintf(out, "listening on %s\n", url); err != nil {
			return err
		}
		remote = remote || i < len(o.program.Listen) && !isLoopbackAddress(o.program.Listen[i])
	}
	if remote {
		fmt.Fprintf(streams.Err, "from other machines open %s\n", program.Login())
	}
	return nil
}

// isLoopbackAddress tells whether host:port is reached from this machine only.
func isLoopbackAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopback(host)
}

func (o *runOptions) check() error {
	switch {
	case o.announce != "stdout" && o.announce != "stderr" && o.announce != "none":
		return usagef("--announce: %q is none of stdout, stderr, none", o.announce)
	case o.compat != "" && o.compat != "mirror":
		return usagef("--compat: %q is not mirror", o.compat)
	}
	return checkCapture(o.program.Capture)
}

// A runFailure is why a program was not run, with run's own exit code.
type runFailure struct {
	error
	code int
}

func (f runFailure) Unwrap() error { return f.error }

// NewRunWitness makes the hidden verb that run starts to learn which signals were
// not for it alone.
func NewRunWitness(streams Streams) *cobra.Command {
	return &cobra.Command{
		Use: witnessVerb, Hidden: true, Args: args(cobra.NoArgs), Annotations: map[string]string{ownSignals: ""},
		RunE: func(*cobra.Command, []string) error {
			app.Witness(streams.In, streams.Out)
			return nil
		},
	}
}
