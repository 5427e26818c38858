package cli

import (
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersion(s *shared) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Example: `  heliograph version
  heliograph version --json`,
		Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return runVersion(s.streams.Out, s.info, s.remote.json) },
	}
}

func runVersion(out io.Writer, info BuildInfo, asJSON bool) error {
	platform := runtime.GOOS + "/" + runtime.GOARCH
	if asJSON {
		return printJSON(out, struct {
			BuildInfo
			Go       string `json:"go"`
			Platform string `json:"platform"`
		}{info, runtime.Version(), platform})
	}
	line := "heliograph " + first(info.Version, "unknown")
	if info.Commit != "" {
		line += " (" + info.Commit
		if info.Date != "" {
			line += ", " + info.Date
		}
		line += ")"
	}
	_, err := fmt.Fprintf(out, "%s %s %s\n", line, runtime.Version(), platform)
	return err
}
