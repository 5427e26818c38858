package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

// maxTail is the most lines that the log channel sends at first.
const maxTail = 2000

type logsOptions struct {
	source   string
	lines    int // -1: not given
	follow   bool
	list     bool
	download string
	json     bool
}

func newLogs(s *shared) *cobra.Command {
	o := logsOptions{}
	cmd := &cobra.Command{
		Use:   "logs [SOURCE]",
		Short: "Print, follow or download a log of the device",
		Long: `Print the last lines of a log, and with --follow the new ones as they come.
SOURCE is an id from --list, such as journal (the default), dmesg,
unit:ssh.service or file:/var/log/syslog.

On a terminal, control characters in lines are shown as U+FFFD, so that a log
cannot play tricks; in pipes and with --json lines are unchanged. After a lost
connection the last lines are printed again.

` + exitCodesHelp,
		Example: `  heliograph logs --list
  heliograph logs --lines 50
  heliograph logs dmesg --follow
  heliograph logs unit:ssh.service -f --json | jq -r .line
  heliograph logs journal --download journal.log`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if len(list) == 1 {
				o.source = list[0]
			}
			o.json = s.remote.json
			return runLogs(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.IntVarP(&o.lines, "lines", "n", -1, "how many of the last `LINES`; default 200, at most 2000; with --download default everything, at most 200000")
	f.BoolVarP(&o.follow, "follow", "f", false, "print new lines as they come")
	f.BoolVar(&o.list, "list", false, "list the sources")
	f.StringVarP(&o.download, "download", "o", "", "write the log to `FILE` (- is standard output) instead")
	cmd.MarkFlagsMutuallyExclusive("follow", "list", "download")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, list []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(list) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return sourceNames(cmd.Context(), s), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func runLogs(ctx context.Context, s *shared, o logsOptions) error {
	if o.lines < -1 {
		return usagef("--lines %d is negative", o.lines)
	}
	if o.lines > maxTail && o.download == "" {
		return usagef("--lines %d is above %d; --download takes more", o.lines, maxTail)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	switch {
	case o.list:
		return listLogs(ctx, s, c)
	case o.download != "":
		return downloadLog(ctx, s, c, o)
	}
	return followLog(ctx, s, c, o)
}

func listLogs(ctx context.Context, s *shared, c *client.Client) error {
	sources, err := c.LogSources(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{{"SOURCE", "GROUP", "LABEL", "STATE"}}
	for _, source := range sources {
		if s.remote.json {
			if err := printJSON(s.streams.Out, source); err != nil {
				return err
			}
		}
		rows = append(rows, []string{source.ID, source.Group, source.Label, unitState(source.Status)})
	}
	if s.remote.json {
		return nil
	}
	return table(s.streams.Out, rows)
}

func unitState(status *helios.UnitStatus) string {
	if status == nil || status.SubState == "" {
		return ""
	}
	return status.ActiveState + " (" + status.SubState + ")"
}

func sourceNames(ctx context.Context, s *shared) []string {
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
	sources, _ := c.LogSources(ctx)
	var names []string
	for _, source := range sources {
		names = append(names, source.ID+"\t"+source.Label)
	}
	return names
}

func followLog(ctx context.Context, s *shared, c *client.Client, o logsOptions) error {
	p := helios.LogsParams{Source: o.source, Lines: 200, Follow: o.follow}
	if o.lines >= 0 {
		p.Lines = uint64(o.lines)
	}
	sub, err := c.Logs(ctx, p)
	if err != nil {
		return stopped(ctx, err)
	}
	defer sub.Close()
	out := bufio.NewWriterSize(s.streams.Out, 64<<10)
	print := s.linePrinter(out, o.json)
	for {
		e, err := sub.Next(ctx)
		if err == nil {
			err = print(e)
		}
		if err != nil || sub.Waiting() == 0 { // many lines at once are one write
			err = errors.Join(err, out.Flush())
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && o.follow:
			return stopped(ctx, err)
		case err != nil:
			return err
		}
	}
}

// linePrinter writes the events of a log to out, which leads to standard output.
func (s *shared) linePrinter(out io.Writer, asJSON bool) func(client.Event[helios.LogsServerEvent]) error {
	_, tty := terminal(s.streams.Out)
	return func(e client.Event[helios.LogsServerEvent]) error {
		line, isLine := e.Value.(helios.LogsLine)
		switch {
		case e.Gap != nil && asJSON:
			return printJSON(out, struct {
				Type string `json:"type"`
				gapJSON
			}{"gap", gapOf(e.Gap)})
		case e.Gap != nil:
			s.notice("%s", gapText(e.Gap))
		case e.Err != nil && !errors.As(e.Err, new(*client.Error)):
			s.notice("%v", e.Err) // what the server told comes again as the reason of the end
		case !isLine:
		case asJSON:
			return printJSON(out, line)
		case tty:
			_, err := io.WriteString(out, plain(line.Line)+"\n")
			return err
		default:
			_, err := io.WriteString(out, line.Line+"\n")
			return err
		}
		return nil
	}
}

// downloadLog writes a log to a file, or to standard output.
func downloadLog(ctx context.Context, s *shared, c *client.Client, o logsOptions) error {
	body, err := c.DownloadLog(ctx, o.source, max(o.lines, 0))
	if err != nil {
		return err
	}
	defer body.Close()
	if o.download == "-" {
		_, err = io.Copy(s.streams.Out, body)
		return err
	}
	n, err := writeWhole(o.download, body)
	if err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	s.notice("wrote %d bytes to %s", n, o.download)
	return nil
}

// writeWhole writes a file that has its name only once it is whole. A device or
// a pipe of that name is written to as it is.
func writeWhole(name string, from io.Reader) (int64, error) {
	target := name
	info, err := os.Stat(name)
	whole := err != nil || info.Mode().IsRegular()
	if whole {
		target = name + ".part"
	}
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // logs hold secrets
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, from)
	if err := errors.Join(err, f.Close()); err != nil {
		if whole {
			_ = os.Remove(target)
		}
		return n, err
	}
	if whole {
		err = os.Rename(target, name)
	}
	return n, err
}
