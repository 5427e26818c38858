package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
)

const appHelp = `The verbs below are clients of a DevFlow agent: of "heliograph run" or "heliograph
attach", of a program that embeds one, or of "heliograph serve" where it shows an
application. It is named with --agent or HELIOGRAPH_AGENT, as a URL or host:port; this
machine's own at ` + client.DefaultAgent + ` is the default. HELIOGRAPH_TOKEN is shown
only to an agent that is named.

With --json each item is one line, with all the members that the agent gave it. A lost
connection is opened again and goes on where it ended, as far as the agent still has
what came meanwhile; it is told on standard error, or with --json by a line
{"gap":{...}}.`

// appOptions are what all verbs about an application share.
type appOptions struct {
	agent string
}

// An appShared is what the verbs about an application have in common.
type appShared struct {
	*shared
	opts *appOptions
}

func newApp(s *shared) *cobra.Command {
	a := &appShared{s, &appOptions{}}
	cmd := &cobra.Command{
		Use:   "app",
		Short: "Look into an application through its agent",
		Long: `Look into a running application: its log, its HTTP exchanges, its profile, the events
of its user interface, Bluetooth and the sensors it can use.

` + appHelp + "\n\n" + exitCodesHelp,
		Example: `  heliograph run -- node app.js &
  heliograph app logs --level debug
  heliograph app network --host api.example.com
  heliograph app profile --duration 30s
  heliograph app logs --agent 127.0.0.1:9230 --json | jq -r .message`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := cmd.PersistentFlags()
	f.StringVar(&a.opts.agent, "agent", "", "address of the agent; `URL` may also be host:port (default $HELIOGRAPH_AGENT, else "+client.DefaultAgent+")")
	// The server of the other verbs is none here; who means the same is understood.
	f.StringVar(&a.opts.agent, "server", "", "another name of --agent")
	_ = f.MarkHidden("server")
	cmd.AddCommand(newAppStatus(a), newAppLogs(a), newAppNetwork(a), newAppProfile(a), newAppUI(a), newAppBLE(a), newAppSensors(a))
	return cmd
}

// dialAgent makes the client and checks that the agent answers.
func (a *appShared) dialAgent(ctx context.Context) (*client.Agent, error) {
	opts, err := a.clientOptions()
	if err != nil {
		return nil, err
	}
	address := first(a.opts.agent, a.streams.env("HELIOGRAPH_AGENT"))
	if address == "" {
		address = client.DefaultAgent
		if a.remote.token == "" && a.remote.tokenFile == "" {
			// Whoever has that port: the token in the environment is for somebody else.
			opts.Token = ""
		}
	}
	if _, err := client.NewAgent(address, opts); err != nil {
		return nil, usagef("%w", err)
	}
	return client.DialAgent(ctx, address, opts)
}

// painter gives the colours of standard output: none unless it is a terminal of which
// the user wants them (no-color.org).
func (a *appShared) painter() painter {
	_, tty := terminal(a.streams.Out)
	return painter{colour: tty && a.streams.env("NO_COLOR") == "" && a.streams.env("TERM") != "dumb"}
}

// safe makes text of an application harmless for a terminal; elsewhere it is left as
// it is. Line ends stay.
func (a *appShared) safe() func(string) string {
	if _, tty := terminal(a.streams.Out); !tty {
		return func(s string) string { return s }
	}
	return func(s string) string {
		list := strings.Split(s, "\n")
		for i, l := range list {
			list[i] = plain(strings.TrimSuffix(l, "\r"))
		}
		return strings.Join(list, "\n")
	}
}

// An itemWriter writes items of one kind for people.
type itemWriter[T any] func(w io.Writer, item T) error

// printItems writes a list to standard output.
func printItems[T any](a *appShared, items []client.AgentItem[T], write itemWriter[T]) error {
	out := bufio.NewWriterSize(a.streams.Out, 64<<10)
	for _, item := range items {
		var err error
		if a.remote.json {
			err = printRaw(out, item.Raw)
		} else {
			err = write(out, item.Value)
		}
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// printRaw writes JSON as one line.
func printRaw(out io.Writer, raw json.RawMessage) error {
	var line bytes.Buffer
	if err := json.Compact(&line, raw); err != nil {
		return err
	}
	line.WriteByte('\n')
	_, err := out.Write(line.Bytes())
	return err
}

// follow writes what a subscription tells until it ends or ctx does, which both are
// success. Many messages at once are one write.
func follow[T any](ctx context.Context, a *appShared, sub *client.Subscription[client.AgentMessage[T]], write func(io.Writer, client.AgentMessage[T]) error) error {
	defer sub.Close()
	out := bufio.NewWriterSize(a.streams.Out, 64<<10)
	next := patient(sub, func(err error) { a.notice("%s", plain(err.Error())) })
	for {
		e, err := next(ctx)
		if err == nil {
			err = a.printEvent(out, e.Gap, e.Err, func() error { return write(out, e.Value) })
		}
		if err != nil || sub.Waiting() == 0 {
			err = errors.Join(err, out.Flush())
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return stopped(ctx, err)
		}
	}
}

// closePause is how long an agent may take to close the connection after an error.
const closePause = 500 * time.Millisecond

// patient gives the events of a subscription but for errors that the agent told: those
// that turn out to be why the subscription ends are its end, all others go to tell.
func patient[T any](sub *client.Subscription[T], tell func(error)) func(context.Context) (client.Event[T], error) {
	return func(ctx context.Context) (client.Event[T], error) {
		var told error
		for {
			wait, cancel := ctx, context.CancelFunc(func() {})
			if told != nil {
				wait, cancel = context.WithTimeout(ctx, closePause)
			}
			e, err := sub.Next(wait)
			over := wait.Err() != nil && ctx.Err() == nil
			cancel()
			if told != nil && (err == nil || !errors.Is(err, told)) {
				tell(told)
				told = nil
			}
			switch {
			case err != nil && over && errors.Is(err, context.DeadlineExceeded):
			case err == nil && errors.As(e.Err, new(*client.Error)):
				told = e.Err
			default:
				return e, err
			}
		}
	}
}

// printEvent writes a gap, an error, or what write writes.
func (a *appShared) printEvent(out *bufio.Writer, gap *client.Gap, problem error, write func() error) error {
	switch {
	case gap != nil && a.remote.json:
		return printJSON(out, struct {
			Gap gapJSON `json:"gap"`
		}{gapOf(gap)})
	case gap != nil, problem != nil:
		if err := out.Flush(); err != nil { // in the order of time
			return err
		}
		if gap != nil {
			a.notice("%s", gapText(gap))
		} else {
			a.notice("%s", plain(problem.Error()))
		}
		return nil
	}
	return write()
}

// eachItem makes the writer of a message that writes its items.
func eachItem[T any](a *appShared, write itemWriter[T]) func(io.Writer, client.AgentMessage[T]) error {
	return func(w io.Writer, m client.AgentMessage[T]) error {
		for _, item := range m.Items {
			var err error
			if a.remote.json {
				err = printRaw(w, item.Raw)
			} else {
				err = write(w, item.Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// clock gives the local time of day of a timestamp; one that cannot be read is shown
// as it is.
func clock(t devflow.Timestamp) string {
	at, err := t.Time()
	if err != nil {
		return plain(string(t))
	}
	return at.Local().Format("15:04:05.000")
}

// indent puts blanks before each line of a text and ends it with a line end.
func indent(text string) string {
	var b strings.Builder
	for l := range strings.Lines(strings.TrimRight(text, "\n")) {
		b.WriteString("    " + strings.TrimRight(l, "\n") + "\n")
	}
	return b.String()
}

// replayParam makes the parameter of the client of the flag --replay.
func replayParam(flag int) (int, error) {
	switch {
	case flag < 0:
		return 0, usagef("--replay %d is negative", flag)
	case flag == 0:
		return -1, nil // the client's word for none
	}
	return flag, nil
}

// wordFlag checks a flag that is one of some words, in any case.
func wordFlag(name, value string, words ...string) (string, error) {
	for _, w := range words {
		if strings.EqualFold(w, value) {
			return w, nil
		}
	}
	return "", usagef("--%s: %q is none of %s", name, value, strings.Join(words, ", "))
}

// words completes a flag with words.
func words(list ...string) func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// afterwards gives a context for what has to be done although ctx has ended.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
}
