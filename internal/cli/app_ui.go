package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
)

func newAppUI(a *appShared) *cobra.Command {
	var kinds []string
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "Print events of an application's user interface",
		Long: `Print what happens in the user interface of an application, until the verb is stopped:
navigation, lifecycle (started, paused, resumed, stopped), treeChange (elements that come,
go and change), alert (dialogs) and error (failures that nothing in the application has
handled). The present state comes first. What happens while the connection is lost is
not told later.

With --json each message of the channel is one line.

` + exitCodesHelp,
		Example: `  heliograph app ui
  heliograph app ui --events navigation,alert
  heliograph app ui --events error --json | jq -r .data.message`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppUI(cmd.Context(), a, kinds) },
	}
	cmd.Flags().StringSliceVar(&kinds, "events", nil, "only these `KINDS` of events, separated by commas: "+strings.Join(uiKinds(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("events", words(uiKinds()...))
	return cmd
}

func uiKinds() []string {
	return []string{devflow.UINavigation, devflow.UILifecycle, devflow.UITreeChange, devflow.UIAlert, devflow.UIError}
}

func runAppUI(ctx context.Context, a *appShared, kinds []string) error {
	var asked []string
	for _, kind := range kinds {
		word, err := wordFlag("events", strings.TrimSpace(kind), append(uiKinds(), devflow.UIAll)...)
		if err != nil {
			return err
		}
		asked = append(asked, word)
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	sub, err := c.UIEvents(ctx, asked...)
	if err != nil {
		return stopped(ctx, err)
	}
	return follow(ctx, a, sub, a.printUI)
}

// printUI writes an event.
func (a *appShared) printUI(w io.Writer, m client.AgentMessage[any]) error {
	if a.remote.json {
		return printRaw(w, m.Raw)
	}
	p := a.painter()
	for _, item := range m.Items {
		at, text, style, more := a.uiText(item.Value)
		line := p.paint(styleDim, clock(at)) + " " + p.paint(style, fmt.Sprintf("%-10s", m.Type)) + " " + text + "\n" + indent(more)
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

// uiText gives what happened in one line, and further lines.
func (a *appShared) uiText(event any) (at devflow.Timestamp, text, style, more string) {
	safe := a.safe()
	switch e := event.(type) {
	case devflow.NavigationData:
		text = plain(e.To)
		if e.From != nil && *e.From != "" {
			text = plain(*e.From) + " -> " + text
		}
		if e.Route != nil && *e.Route != "" && *e.Route != e.To {
			text += " (" + plain(*e.Route) + ")"
		}
		return e.Timestamp, text, styleGreen, ""
	case devflow.LifecycleData:
		return e.Timestamp, plain(e.State), styleBold, ""
	case devflow.TreeChangeData:
		text = plain(e.ChangeType) + " " + plain(e.ElementType) + " " + plain(e.ElementID)
		if e.ParentID != nil {
			text += " in " + plain(*e.ParentID)
		}
		return e.Timestamp, text, styleDim, ""
	case devflow.AlertData:
		var parts []string
		for _, part := range []*string{e.Title, e.Message} {
			if part != nil && *part != "" {
				parts = append(parts, *part)
			}
		}
		text, more, _ = strings.Cut(safe(strings.Join(parts, ": ")), "\n")
		for _, button := range e.Buttons {
			text += " [" + plain(button) + "]"
		}
		return e.Timestamp, strings.TrimSpace(text), styleAmber, more
	case devflow.FailureData:
		text, more, _ = strings.Cut(safe(e.Message), "\n")
		if e.StackTrace != nil && *e.StackTrace != "" {
			more = strings.TrimPrefix(more+"\n"+safe(*e.StackTrace), "\n")
		}
		return e.Timestamp, text, styleRed, more
	}
	return "", "", "", ""
}
