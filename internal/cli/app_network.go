package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
)

type appNetworkOptions struct {
	host   string
	method string
	replay int
	follow bool
}

func (o *appNetworkOptions) addFilters(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.host, "host", "", "only of hosts with this `TEXT` in their name")
	f.StringVar(&o.method, "method", "", "only of this `METHOD`, such as POST")
	_ = cmd.RegisterFlagCompletionFunc("method", words(http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodHead, http.MethodOptions))
}

func newAppNetwork(a *appShared) *cobra.Command {
	o := appNetworkOptions{}
	cmd := &cobra.Command{
		Use:   "network",
		Short: "Print and follow the HTTP exchanges of an application",
		Long: `Print the HTTP exchanges that the agent has captured, and each new one when it has
finished or failed: its id, when it began, method, status, how long it took, how many
bytes the answer had, and the URL.

With --json a line {"type":"cleared",...} tells that the agent has forgotten all
exchanges.

` + exitCodesHelp,
		Example: `  heliograph app network
  heliograph app network --host api.example.com --method POST
  heliograph app network --follow=false --json | jq 'select(.statusCode >= 500)'
  heliograph app network show 9f1c0b7a22de
  heliograph app network har -o session.har`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppNetwork(cmd.Context(), a, o) },
	}
	o.addFilters(cmd)
	f := cmd.Flags()
	f.IntVar(&o.replay, "replay", 100, "how many of the last `EXCHANGES` to begin with")
	f.BoolVarP(&o.follow, "follow", "f", true, "print new exchanges as they come")
	cmd.AddCommand(newAppNetworkShow(a), newAppNetworkClear(a), newAppNetworkHAR(a))
	return cmd
}

func runAppNetwork(ctx context.Context, a *appShared, o appNetworkOptions) error {
	replay, err := replayParam(o.replay)
	if err != nil {
		return err
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	write := a.exchangeWriter()
	if !o.follow {
		if replay < 0 {
			return nil
		}
		list, err := c.Requests(ctx, devflow.NetworkQuery{Limit: replay, Host: o.host, Method: o.method})
		if err != nil {
			return err
		}
		return printItems(a, list, write)
	}
	sub, err := c.Network(ctx, devflow.NetworkParams{Replay: replay, Host: o.host, Method: o.method})
	if err != nil {
		return stopped(ctx, err)
	}
	each := eachItem(a, write)
	return follow(ctx, a, sub, func(w io.Writer, m client.AgentMessage[devflow.NetworkRequestSummary]) error {
		switch {
		case m.Type != devflow.TypeCleared:
			return each(w, m)
		case a.remote.json:
			return printRaw(w, m.Raw)
		}
		_, err := io.WriteString(w, a.painter().paint(styleDim, "-- the agent has forgotten all exchanges --")+"\n")
		return err
	})
}

// exchangeWriter writes summaries for people.
func (a *appShared) exchangeWriter() itemWriter[devflow.NetworkRequestSummary] {
	p, safe := a.painter(), a.safe()
	return func(w io.Writer, e devflow.NetworkRequestSummary) error {
		status, style := statusWord(e.StatusCode)
		line := fmt.Sprintf("%s %s %-6s %s %7s %6s %s", p.paint(styleDim, fmt.Sprintf("%-12s", plain(e.ID))), clock(e.Timestamp), plain(e.Method),
			p.paint(style, status), millis(float64(e.DurationMs)), sizeOf(e.ResponseSize), safe(e.URL))
		if e.Error != "" {
			line += "  " + p.paint(styleRed, plain(e.Error))
		}
		_, err := io.WriteString(w, line+"\n")
		return err
	}
}

// statusWord gives three letters for a status, and their colour.
func statusWord(code int) (word, style string) {
	switch {
	case code == 0:
		return "---", styleRed
	case code >= 500:
		style = styleRed
	case code >= 400:
		style = styleAmber
	case code >= 200 && code < 300:
		style = styleGreen
	}
	return fmt.Sprintf("%3d", code), style
}

// millis gives a duration in milliseconds with three digits or so.
func millis(ms float64) string {
	switch d := time.Duration(ms * float64(time.Millisecond)); {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d >= time.Second:
		return fmt.Sprintf("%.2fs", d.Seconds())
	case ms == float64(int64(ms)):
		return fmt.Sprintf("%.0fms", ms)
	}
	return fmt.Sprintf("%.3gms", ms)
}

func sizeOf(bytes *int64) string {
	if bytes == nil {
		return "-"
	}
	return size(float64(*bytes))
}

func newAppNetworkClear(a *appShared) *cobra.Command {
	return &cobra.Command{
		Use:   "clear",
		Short: "Make the agent forget the exchanges it has captured",
		Long: `Make the agent forget the exchanges it has captured, for all who look.

` + exitCodesHelp,
		Example: `  heliograph app network clear`,
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.dialAgent(cmd.Context())
			if err != nil {
				return err
			}
			defer c.Close()
			done, err := c.ClearNetwork(cmd.Context())
			if err == nil && a.remote.json {
				err = printRaw(a.streams.Out, done.Raw)
			}
			return err
		},
	}
}

func newAppNetworkHAR(a *appShared) *cobra.Command {
	o, file := appNetworkOptions{}, ""
	cmd := &cobra.Command{
		Use:   "har",
		Short: "Write the exchanges of an application as a HAR file",
		Long: `Write the exchanges that the agent holds as an HTTP archive (HAR 1.2), with headers
and bodies, for the tools of browsers and others. Only the user can read the file.

` + exitCodesHelp,
		Example: `  heliograph app network har -o session.har
  heliograph app network har --host api.example.com | jq '.log.entries | length'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppNetworkHAR(cmd.Context(), a, o, file) },
	}
	o.addFilters(cmd)
	cmd.Flags().StringVarP(&file, "output", "o", "-", "write to `FILE`; - is standard output")
	return cmd
}

func runAppNetworkHAR(ctx context.Context, a *appShared, o appNetworkOptions, file string) error {
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	body, err := c.HAR(ctx, devflow.HARQuery{Host: o.host, Method: o.method})
	if err != nil {
		return err
	}
	defer body.Close()
	if file == "-" {
		_, err = io.Copy(a.streams.Out, body)
		return err
	}
	n, err := writeWhole(file, body)
	if err != nil {
		return fmt.Errorf("write the archive: %w", err)
	}
	a.notice("wrote %d bytes to %s", n, file)
	return nil
}

// requestNames completes ids of exchanges.
func requestNames(ctx context.Context, a *appShared) []string {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	c, err := a.dialAgent(ctx)
	if err != nil {
		return nil
	}
	defer c.Close()
	list, _ := c.Requests(ctx, devflow.NetworkQuery{})
	var names []string
	for _, item := range list {
		names = append(names, item.Value.ID+"\t"+item.Value.Method+" "+item.Value.URL)
	}
	return names
}
