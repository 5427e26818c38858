package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// BuildInfo says which program this is. Empty members are left out.
type BuildInfo struct {
	// Version is the released version, such as "1.2.0".
	Version string `json:"version"`
	// Commit is the revision that it was built from.
	Commit string `json:"commit,omitempty"`
	// Date is the time of that revision, RFC 3339.
	Date string `json:"date,omitempty"`
}

// Streams are the standard streams of a verb. Whether one is a terminal is found
// out where it matters; an *os.File is one only if the system says so.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// Getenv gives environment variables; nil means there are none.
	Getenv func(string) string
}

// System gives the streams and the environment of the process.
func System() Streams {
	return Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Getenv: os.Getenv}
}

func (s Streams) env(name string) string {
	if s.Getenv == nil {
		return ""
	}
	return s.Getenv(name)
}

// Deps are the parts of the product that verbs use besides a server.
type Deps struct {
	// AsyncAPI gives the document of this program's own server; nil when it is
	// not built in.
	AsyncAPI func() ([]byte, error)
}

// New makes the root command with all client verbs and the given ones, such as
// serve, which talk to no server. Run it with Execute.
func New(info BuildInfo, deps Deps, streams Streams, verbs ...*cobra.Command) *cobra.Command {
	remote := &remoteOptions{}
	root := &cobra.Command{
		Use:   "heliograph",
		Short: "See and control, live, what a Linux device is doing",
		Long: `heliograph shows a Linux device live over the HeliOS WebSocket API: its
telemetry, processes, logs, shells, devices and changes. It shows the applications
on it over the DevFlow Agent Protocol.

"heliograph serve" runs on the device; "heliograph run" and "heliograph attach" look
into one application, which "heliograph app" is a client of. All other verbs are
clients of any HeliOS server, this machine's own by default; name another with
--server.

` + exitCodesHelp,
		Example: `  heliograph serve
  heliograph top
  heliograph logs dmesg --follow
  heliograph console --server https://robot.local:5800 --token-file ~/robot.token
  heliograph watch device.telemetry --json | jq .cpu.usage_percent
  heliograph run -- node app.js
  heliograph app network`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usagef("there is no verb %q%s", args[0], suggestion(cmd, args[0]))
			}
			return cmd.Help()
		},
	}
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%w", err) })
	root.CompletionOptions.HiddenDefaultCmd = false
	remote.addFlags(root)
	shared := &shared{info: info, deps: deps, streams: streams, remote: remote}
	root.AddCommand(
		newTop(shared), newLogs(shared), newConsole(shared), newWatch(shared), newIMU(shared),
		newStreams(shared), newFrames(shared),
		newOTA(shared, root), newApp(shared),
		newChannels(shared), newAsyncAPI(shared), newToken(shared), newVersion(shared),
	)
	for _, verb := range append([]*cobra.Command{newAgents(shared)}, verbs...) {
		root.AddCommand(verb)
		remote.keepFrom(root, verb)
	}
	return root
}

// shared is what all verbs have in common.
type shared struct {
	info    BuildInfo
	deps    Deps
	streams Streams
	remote  *remoteOptions
}

func suggestion(root *cobra.Command, typed string) string {
	root.SuggestionsMinimumDistance = 2
	if close := root.SuggestionsFor(typed); len(close) > 0 {
		return fmt.Sprintf("; did you mean %q?", close[0])
	}
	return ""
}

// args makes a wrong number of arguments a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, list []string) error {
		if err := check(cmd, list); err != nil {
			return usagef("%w", err)
		}
		return nil
	}
}

// Execute runs the command line args (without the program's name) and gives the
// exit code. SIGINT and SIGTERM cancel the context of the verb; a second one
// ends the process. An error becomes one sentence on standard error.
func Execute(ctx context.Context, root *cobra.Command, args []string) int {
	if !takesSignals(root, args) {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
		defer context.AfterFunc(ctx, stop)()
	}
	// A closed pipe shall be an error of the write, so that terminals are put
	// back in order. It is caught and not ignored: children inherit ignored
	// signals, caught ones are reset for them.
	pipes := make(chan os.Signal, 1)
	signal.Notify(pipes, syscall.SIGPIPE)
	defer signal.Stop(pipes)

	if args == nil {
		args = []string{}
	}
	root.SetArgs(args)
	started := false
	watchStart(root, &started)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !started {
		err = usagef("%w", err) // what cobra itself found wrong
	}
	code := exitCode(err)
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return code
	}
	if text := sentence(cmd, err); text != "" {
		fmt.Fprintf(root.ErrOrStderr(), "heliograph: %s\n", text)
	}
	return code
}

// takesSignals reports whether the verb takes care of SIGINT and SIGTERM itself.
func takesSignals(root *cobra.Command, args []string) bool {
	verb, _, err := root.Find(args)
	if err != nil {
		return false
	}
	_, own := verb.Annotations[ownSignals]
	return own
}

// watchStart notes when a verb begins to run.
func watchStart(cmd *cobra.Command, started *bool) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			*started = true
			return run(cmd, args)
		}
	}
	for _, sub := range cmd.Commands() {
		watchStart(sub, started)
	}
}
