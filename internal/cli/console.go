package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

// ExitConsoleLost is the exit code of console when the shell's own code is not
// known: a signal ended it, or the connection was lost for good.
const ExitConsoleLost = 255

type consoleOptions struct {
	session    string // id or unique beginning of one
	detachKeys string
	list       bool
	remove     string
	json       bool
}

func newConsole(s *shared) *cobra.Command {
	o := consoleOptions{}
	cmd := &cobra.Command{
		Use:   "console [SESSION]",
		Short: "Use a shell on the device",
		Long: `Start a shell on the device and use it from this terminal, or with SESSION attach
to one that runs already; the first characters of its id suffice. A shell
outlives its viewers: detach with the keys of --detach-keys, or lose the
connection, and attach again later. Several viewers may use one shell; all see
the same. Of a shell that has ended, the last output is printed.

When standard input is not a terminal, its bytes are typed, and Ctrl-D after the
last one.

Exit codes: that of the shell; 0 after detaching; 255 when the shell was ended by
a signal or the connection was lost for good; 130 when a signal ended this verb.
Before a shell is attached: 1 failed, 2 wrong command line, 3 server cannot be
reached, 4 not allowed, 5 no such session.`,
		Example: `  heliograph console
  heliograph console --list
  heliograph console 9b2f
  heliograph console --delete 9b2f
  heliograph console --detach-keys ctrl-p,ctrl-q
  echo 'df -h; exit' | heliograph console`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if len(list) == 1 {
				o.session = list[0]
			}
			o.json = s.remote.json
			return runConsole(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.detachKeys, "detach-keys", "ctrl-],d", "`KEYS` to detach with, typed one after the other; none switches that off")
	f.BoolVar(&o.list, "list", false, "list the shells")
	f.StringVar(&o.remove, "delete", "", "end and forget the shell `SESSION`")
	cmd.MarkFlagsMutuallyExclusive("list", "delete")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, list []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(list) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return sessionNames(cmd.Context(), s), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func runConsole(ctx context.Context, s *shared, o consoleOptions) error {
	keys, err := parseKeys(o.detachKeys)
	if err != nil {
		return err
	}
	if (o.list || o.remove != "") && o.session != "" {
		return usagef("SESSION %q has no place beside --list and --delete", o.session)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	switch {
	case o.list:
		return listConsoles(ctx, s, c)
	case o.remove != "":
		return deleteConsole(ctx, s, c, o.remove)
	}
	if o.session == "" {
		return attach(ctx, s, c, "", keys)
	}
	session, err := findSession(ctx, c, o.session)
	if err != nil {
		return err
	}
	if session.Closed {
		return showEnded(ctx, s, c, session)
	}
	return attach(ctx, s, c, session.SessionID, keys)
}

func listConsoles(ctx context.Context, s *shared, c *client.Client) error {
	sessions, err := c.ConsoleSessions(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"SESSION", "SHELL", "STATE", "VIEWERS", "SIZE", "AGE", "IDLE"}}
	for _, session := range sessions {
		if s.remote.json {
			if err := printJSON(s.streams.Out, session); err != nil {
				return err
			}
		}
		rows = append(rows, []string{
			session.SessionID, session.Shell, sessionState(session), fmt.Sprint(session.ClientCount),
			fmt.Sprintf("%dx%d", session.Cols, session.Rows),
			age(session.CreatedAt), age(session.LastActivity),
		})
	}
	if s.remote.json {
		return nil
	}
	return table(s.streams.Out, rows)
}

// age gives the time since an instant in one or two units.
func age(since time.Time) string {
	d := max(time.Since(since), 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

func sessionState(session helios.ConsoleSessionSummary) string {
	switch {
	case !session.Closed:
		return "running"
	case session.ExitCode != nil:
		return fmt.Sprintf("ended (%d)", *session.ExitCode)
	}
	return "ended"
}

func deleteConsole(ctx context.Context, s *shared, c *client.Client, session string) error {
	found, err := findSession(ctx, c, session)
	if err != nil {
		return err
	}
	if err := c.DeleteConsoleSession(ctx, found.SessionID); err != nil {
		return err
	}
	s.notice("deleted session %s", found.SessionID)
	return nil
}

// findSession gives the session whose id begins with prefix, if it is one.
func findSession(ctx context.Context, c *client.Client, prefix string) (helios.ConsoleSessionSummary, error) {
	none := helios.ConsoleSessionSummary{}
	sessions, err := c.ConsoleSessions(ctx)
	if err != nil {
		return none, err
	}
	var found []helios.ConsoleSessionSummary
	for _, session := range sessions {
		if strings.HasPrefix(session.SessionID, strings.ToLower(prefix)) {
			found = append(found, session)
		}
	}
	switch len(found) {
	case 0:
		return none, &client.Error{Channel: helios.ChannelConsole, Code: "not_found", Message: fmt.Sprintf("no session begins with %q", prefix)}
	case 1:
		return found[0], nil
	}
	return none, usagef("%d sessions begin with %q: %s and %s, for example", len(found), prefix, found[0].SessionID, found[1].SessionID)
}

func sessionNames(ctx context.Context, s *shared) []string {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := s.dial(ctx)
	if err != nil {
		return nil
	}
	defer c.Close()
	sessions, _ := c.ConsoleSessions(ctx)
	var names []string
	for _, session := range sessions {
		names = append(names, session.SessionID+"\t"+session.Shell+", "+sessionState(session))
	}
	return names
}
