package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client/devflow"
)

func newAppStatus(a *appShared) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Tell which application an agent shows, and what it has",
		Long: `Tell which application the agent shows, whether it runs, and what the agent has of
it.

` + exitCodesHelp,
		Example: `  heliograph app status
  heliograph app status --json | jq -e .running`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppStatus(cmd.Context(), a) },
	}
}

func runAppStatus(ctx context.Context, a *appShared) error {
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	status, err := c.Status(ctx)
	if err != nil {
		return err
	}
	if a.remote.json {
		return printRaw(a.streams.Out, status.Raw)
	}
	v := status.Value
	state := "not running"
	if v.Running {
		state = "running"
	}
	if v.App.ProcessID > 0 {
		state += fmt.Sprintf(", process %d", v.App.ProcessID)
	}
	return table(a.streams.Out, [][]string{
		{"APPLICATION", known(v.App.Name, v.App.Version)},
		{"STATE", state},
		{"PACKAGE", v.App.PackageID},
		{"AGENT", known(v.Agent.Name, v.Agent.Version) + ", " + known(v.Agent.Framework, v.Agent.FrameworkVersion) + ", up " + duration(v.Uptime)},
		{"DEVICE", known(v.Device.Manufacturer, v.Device.Model, v.Platform, v.Device.OSVersion)},
		{"HAS", strings.Join(abilities(v.Capabilities), ", ")},
	})
}

// known joins what is known; agents say "unknown" where nothing is.
func known(list ...string) string {
	var have []string
	for _, text := range list {
		if text != "" && text != "unknown" {
			have = append(have, text)
		}
	}
	if len(have) == 0 {
		return "unknown"
	}
	return strings.Join(have, " ")
}

// duration makes a duration of ISO 8601 without days, such as PT1H30M, readable.
func duration(iso string) string {
	text, ok := strings.CutPrefix(iso, "PT")
	if !ok {
		return iso
	}
	return strings.ToLower(text)
}

func abilities(c devflow.CapabilityFlags) (list []string) {
	for _, has := range []struct {
		yes  bool
		name string
	}{
		{c.Logs, "logs"}, {c.Network, "network"}, {c.Profiler, "profiler"}, {c.UI, "UI events"}, {c.Sensors, "sensors"}, {c.BLE, "Bluetooth"},
		{c.WebView, "web views"}, {c.Storage, "storage"}, {c.Screenshots, "screenshots"}, {c.Jobs, "jobs"},
	} {
		if has.yes {
			list = append(list, has.name)
		}
	}
	return list
}
