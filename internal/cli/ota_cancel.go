package cli

import (
	"context"
	"fmt"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

func newOTACancel(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "cancel [ID]",
		Short: "Give up the update that is under way",
		Long: `Give up the update that is under way, or the one with this ID only. An update
that is applied and waits for a restart cannot be canceled any more; while it is
being applied that depends on the engine.

` + exitCodesHelp,
		Example: `  heliograph ota cancel`,
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			id := ""
			if len(list) == 1 {
				id = list[0]
			}
			return runOTACancel(cmd.Context(), s, id)
		},
	}
}

func runOTACancel(ctx context.Context, s *shared, id string) error {
	c, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	answer, err := cancelUpdate(ctx, c, id)
	if err != nil {
		return err
	}
	if s.remote.json {
		return printJSON(s.streams.Out, answer)
	}
	_, err = fmt.Fprintf(s.streams.Out, "%s %s\n", plain(answer.UpdateID), plain(answer.Message))
	return err
}

func cancelUpdate(ctx context.Context, c *client.Client, id string) (helios.OtaAnswer, error) {
	return client.Post[helios.OtaAnswer](ctx, c, "/v1/ota/cancel", helios.OtaCancelRequest{UpdateID: id, RequestedBy: otaRequester})
}
