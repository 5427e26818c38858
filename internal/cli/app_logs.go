package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client/devflow"
)

type appLogsOptions struct {
	level  string
	source string
	replay int
	follow bool
}

func newAppLogs(a *appShared) *cobra.Command {
	o := appLogsOptions{}
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Print and follow the log of an application",
		Long: `Print what the application has logged, and what it logs from now on: what it printed,
what it wrote with its logging library, the console of a page. An exception follows its
entry, indented, as do further lines of a message.

On a terminal, control characters are shown as U+FFFD.

` + exitCodesHelp,
		Example: `  heliograph app logs
  heliograph app logs --level debug --replay 1000
  heliograph app logs --level error --follow=false
  heliograph app logs --source webview --json | jq -r .message`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppLogs(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.level, "level", devflow.LevelInfo, "least severe `LEVEL`: "+strings.Join(levels(), ", "))
	f.StringVar(&o.source, "source", devflow.SourceAll, "only of this `SOURCE`: native (the program), webview, framework (the agent included)")
	f.IntVar(&o.replay, "replay", 100, "how many of the last `ENTRIES` to begin with, at most 1000")
	f.BoolVarP(&o.follow, "follow", "f", true, "print new entries as they come")
	_ = cmd.RegisterFlagCompletionFunc("level", words(levels()...))
	_ = cmd.RegisterFlagCompletionFunc("source", words(devflow.SourceNative, devflow.SourceWebView, devflow.SourceFramework, devflow.SourceAll))
	return cmd
}

func levels() []string {
	return []string{devflow.LevelTrace, devflow.LevelDebug, devflow.LevelInfo, devflow.LevelWarning, devflow.LevelError, devflow.LevelCritical}
}

// level reads the flag; the words that agents understand are understood.
func (o appLogsOptions) minimum() (string, error) {
	switch strings.ToLower(o.level) {
	case "information":
		return devflow.LevelInfo, nil
	case "warn":
		return devflow.LevelWarning, nil
	case "err":
		return devflow.LevelError, nil
	case "fatal":
		return devflow.LevelCritical, nil
	}
	return wordFlag("level", o.level, levels()...)
}

func runAppLogs(ctx context.Context, a *appShared, o appLogsOptions) error {
	level, err := o.minimum()
	if err != nil {
		return err
	}
	replay, err := replayParam(o.replay)
	if err != nil {
		return err
	}
	if replay > 1000 {
		return usagef("--replay %d is above 1000", replay)
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	write := a.logWriter()
	if !o.follow {
		if replay < 0 {
			return nil
		}
		entries, err := c.LogEntries(ctx, devflow.LogsQuery{Limit: replay, Level: level, Source: o.source})
		if err != nil {
			return err
		}
		return printItems(a, entries, write)
	}
	sub, err := c.Logs(ctx, devflow.LogsParams{Source: o.source, Level: level, Replay: replay})
	if err != nil {
		return stopped(ctx, err)
	}
	return follow(ctx, a, sub, eachItem(a, write))
}

// logWriter writes entries for people.
func (a *appShared) logWriter() itemWriter[devflow.LogEntry] {
	p, safe := a.painter(), a.safe()
	return func(w io.Writer, e devflow.LogEntry) error {
		word, style := levelWord(e.Level)
		line := p.paint(styleDim, clock(e.Timestamp)) + " " + p.paint(style, fmt.Sprintf("%-5s", word)) + " "
		if e.Source != devflow.SourceNative && e.Source != "" {
			line += p.paint(styleDim, "["+plain(e.Source)+"]") + " "
		}
		if e.Category != "" {
			line += p.paint(styleBold, plain(e.Category)) + " "
		}
		message, more, _ := strings.Cut(safe(e.Message), "\n")
		line += message + "\n"
		if more != "" {
			line += indent(more)
		}
		if e.Exception != "" {
			line += p.paintLines(style, indent(safe(e.Exception)))
		}
		_, err := io.WriteString(w, line)
		return err
	}
}

// paintLines paints each line of its own, so that no line end is coloured.
func (p painter) paintLines(style, text string) string {
	var b strings.Builder
	for l := range strings.Lines(text) {
		b.WriteString(p.paint(style, strings.TrimSuffix(l, "\n")) + "\n")
	}
	return b.String()
}

// levelWord gives a word of at most five letters for a level, and its colour.
func levelWord(level string) (word, style string) {
	switch level {
	case devflow.LevelTrace, devflow.LevelDebug:
		return strings.ToUpper(level), styleDim
	case devflow.LevelInfo:
		return "INFO", styleGreen
	case devflow.LevelWarning:
		return "WARN", styleAmber
	case devflow.LevelError:
		return "ERROR", styleRed
	case devflow.LevelCritical:
		return "CRIT", styleBold + styleRed
	}
	return plain(level), ""
}
