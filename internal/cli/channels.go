package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func newChannels(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "channels",
		Short: "List the channels of a server",
		Long: `List the channels of a server with their parameters and what they carry, as the
server's AsyncAPI document says. "heliograph watch" prints the messages of one.

` + exitCodesHelp,
		Example: `  heliograph channels
  heliograph channels --json | jq -r .name`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runChannels(cmd.Context(), s) },
	}
}

func runChannels(ctx context.Context, s *shared) error {
	list, err := s.channels(ctx)
	if err != nil {
		return err
	}
	if s.remote.json {
		for _, c := range list {
			if err := printJSON(s.streams.Out, c); err != nil {
				return err
			}
		}
		return nil
	}
	rows := [][]string{{"CHANNEL", "PARAMETERS", "SUMMARY"}}
	for _, c := range list {
		rows = append(rows, []string{c.Name, c.parameterText(), c.Summary})
	}
	return table(s.streams.Out, rows)
}

func (s *shared) channels(ctx context.Context) ([]channelInfo, error) {
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	document, err := c.AsyncAPI(ctx)
	if err != nil {
		return nil, err
	}
	return readChannels(document)
}

// channelNames is for shell completion: what cannot be had is left out.
func channelNames(ctx context.Context, s *shared) []string {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	list, err := s.channels(ctx)
	if err != nil {
		return nil
	}
	var names []string
	for _, c := range list {
		names = append(names, c.Name+"\t"+c.Summary)
	}
	return names
}
