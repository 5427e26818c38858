package cli

import (
	"cmp"
	"time"

	"github.com/heliograph/heliograph/client/helios"
	"github.com/spf13/cobra"
)

func newOTAHistory(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "history",
		Short: "List the updates that have ended, newest first",
		Long: `List the updates that have ended, newest first: what was installed, what failed,
and why. The last 20 are kept.

` + exitCodesHelp,
		Example: `  heliograph ota history
  heliograph ota history --json | jq -r '.updates[] | select(.stage == "rolled_back").last_error'`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return showOTA(cmd.Context(), s, "/v1/ota/history", historyRows)
		},
	}
}

func historyRows(answer helios.OtaHistory) [][]string {
	rows := [][]string{{"ENDED", "RESULT", "VERSION", "BY", "UPDATE", "ERROR"}}
	for _, u := range answer.Updates {
		row := []string{"-", stageText(u.Stage), cmp.Or(u.Version, "-"), cmp.Or(u.AppliedBy, "-"), u.UpdateID, ""}
		if u.FinishedAt != nil {
			row[0] = u.FinishedAt.Local().Format(time.DateTime)
		}
		if u.LastError != nil {
			row[5] = *u.LastError
		}
		rows = append(rows, row)
	}
	return rows
}
