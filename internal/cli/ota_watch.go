package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"
)

func newOTAWatch(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "watch",
		Short: "Print what happens to updates, until stopped",
		Long: `Print the newest update and then what happens, until the verb is stopped. With
--json each message of ota.stream is one line. A lost connection is opened again.

` + exitCodesHelp,
		Example: `  heliograph ota watch
  heliograph ota watch --json | jq -r 'select(.type == "snapshot").state.stage'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runOTAWatch(cmd.Context(), s) },
	}
}

func runOTAWatch(ctx context.Context, s *shared) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	f, err := s.follow(ctx, c)
	if err != nil {
		return stopped(ctx, err)
	}
	defer f.sub.Close()
	for {
		e, err := f.sub.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return stopped(ctx, err)
		}
		if err := f.lines.print(e); err != nil {
			return err
		}
	}
}
