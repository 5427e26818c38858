package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/heliograph/heliograph/client"
	"github.com/spf13/cobra"
)

type watchOptions struct {
	channel  string
	params   client.Params
	count    uint64
	duration time.Duration
	json     bool
}

func newWatch(s *shared) *cobra.Command {
	o := watchOptions{}
	cmd := &cobra.Command{
		Use:   "watch CHANNEL [KEY=VALUE...]",
		Short: "Print the messages of any channel",
		Long: `Print the messages of any channel as they come, until the channel ends or the
verb is stopped. "heliograph channels" lists the channels and their parameters.

KEY=VALUE pairs are parameters of the channel. A value that is a JSON number,
true, false, an array or an object is sent as that, anything else as text; put
text that looks like a number into double quotes.

With --json each message is one line. Pictures are not printed: a frame shows as
its size. A lost connection is opened again; with --json that shows as a line
{"gap":{...}}, otherwise on standard error.

` + exitCodesHelp,
		Example: `  heliograph watch device.telemetry interval_ms=250
  heliograph watch logs.stream source=dmesg lines=10 follow=false --json
  heliograph watch processes.stream limit=10 --count 3
  heliograph watch sensors.stream op=subscribe 'kinds=["imu","power"]' --for 30s`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			o.channel, o.json = list[0], s.remote.json
			params, err := parseParams(list[1:])
			if err != nil {
				return err
			}
			o.params = params
			return runWatch(cmd.Context(), s, o)
		},
	}
	f := cmd.Flags()
	f.Uint64VarP(&o.count, "count", "n", 0, "stop after `N` messages; 0 means never")
	f.DurationVar(&o.duration, "for", 0, "stop after this `DURATION`, such as 30s; 0 means never")
	cmd.ValidArgsFunction = func(cmd *cobra.Command, list []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(list) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		}
		return channelNames(cmd.Context(), s), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// parseParams reads KEY=VALUE pairs.
func parseParams(list []string) (client.Params, error) {
	params := client.Params{}
	for _, arg := range list {
		key, text, ok := strings.Cut(arg, "=")
		if !ok || key == "" {
			return nil, usagef("%q is not KEY=VALUE", arg)
		}
		if _, twice := params[key]; twice {
			return nil, usagef("%q is given twice", key)
		}
		params[key] = paramValue(text)
	}
	return params, nil
}

// paramValue reads a value: JSON other than null as it is, anything else as text.
func paramValue(text string) any {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber() // 64-bit integers stay exact
	var v any
	if decoder.Decode(&v) != nil || v == nil || decoder.More() {
		return text
	}
	return v
}

func runWatch(ctx context.Context, s *shared, o watchOptions) error {
	if o.duration < 0 {
		return usagef("--for %s is negative", o.duration)
	}
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	sub, err := c.Watch(ctx, o.channel, o.params)
	if err != nil {
		return stopped(ctx, err)
	}
	defer sub.Close()
	var printed uint64
	for o.count == 0 || printed < o.count {
		e, err := sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return stopped(ctx, err)
		}
		counts, err := s.printMessage(o, e)
		if err != nil {
			return err
		}
		if counts {
			printed++
		}
	}
	return nil
}

// stopped makes the end of a verb that runs until it is stopped a success.
func stopped(ctx context.Context, err error) error {
	if cause := ctx.Err(); cause != nil && errors.Is(err, cause) {
		return nil
	}
	return err
}

// printMessage writes one event and tells whether it counts as a message.
func (s *shared) printMessage(o watchOptions, e client.Event[client.Message]) (bool, error) {
	m := e.Value
	switch {
	case e.Gap != nil && o.json:
		return false, printJSON(s.streams.Out, struct {
			Gap gapJSON `json:"gap"`
		}{gapOf(e.Gap)})
	case e.Gap != nil:
		s.notice("%s", gapText(e.Gap))
		return false, nil
	case e.Err != nil:
		s.notice("%v", e.Err)
		return false, nil
	case strings.HasPrefix(m.Channel, "channel."):
		return false, nil // the end, which Next tells with its reason
	case m.Frame != nil && o.json:
		return true, printJSON(s.streams.Out, struct {
			Bytes int `json:"frame_bytes"`
		}{len(m.Frame)})
	case m.Frame != nil:
		_, err := fmt.Fprintf(s.streams.Out, "%s %s frame of %d bytes\n", e.At.Format("15:04:05.000"), m.Channel, len(m.Frame))
		return true, err
	case o.json:
		return true, printJSON(s.streams.Out, m.Payload)
	}
	pretty, err := json.MarshalIndent(m.Payload, "", "  ")
	if err != nil {
		return false, err
	}
	_, err = fmt.Fprintf(s.streams.Out, "%s %s %s\n", e.At.Format("15:04:05.000"), m.Channel, pretty)
	return true, err
}
