package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client/devflow"
)

type appBLEOptions struct {
	kind   string
	scan   bool
	replay int
	follow bool
}

func newAppBLE(a *appShared) *cobra.Command {
	o := appBLEOptions{}
	cmd := &cobra.Command{
		Use:   "ble",
		Short: "Print Bluetooth Low Energy events, and scan",
		Long: `Print Bluetooth Low Energy events as they come: devices that were found, connections,
services, values that were read, written or notified. With --scan the device looks for
others as long as the verb runs.

` + exitCodesHelp,
		Example: `  heliograph app ble --scan
  heliograph app ble --type notification --json | jq -r .data
  heliograph app ble --follow=false --replay 20`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runAppBLE(cmd.Context(), a, o) },
	}
	f := cmd.Flags()
	f.BoolVar(&o.scan, "scan", false, "look for devices meanwhile")
	f.StringVar(&o.kind, "type", "", "only events of this `TYPE`, such as scan_result or notification")
	f.IntVar(&o.replay, "replay", 100, "how many of the last `EVENTS` to begin with")
	f.BoolVarP(&o.follow, "follow", "f", true, "print new events as they come")
	_ = cmd.RegisterFlagCompletionFunc("type", words(devflow.BleScanResult, devflow.BleConnected, devflow.BleDisconnected,
		devflow.BleConnectionStateChanged, devflow.BleConnectionFailed, devflow.BleServiceDiscovered, devflow.BleCharacteristicDiscovered,
		devflow.BleCharacteristicRead, devflow.BleCharacteristicWrite, devflow.BleCharacteristicWriteNoAnswer, devflow.BleNotification,
		devflow.BleNotificationStateChanged, devflow.BleDescriptorRead, devflow.BleDescriptorWrite, devflow.BleMTUChanged,
		devflow.BleRSSIRead, devflow.BleBondStateChanged, devflow.BleAdapterStateChanged))
	return cmd
}

func runAppBLE(ctx context.Context, a *appShared, o appBLEOptions) error {
	replay, err := replayParam(o.replay)
	if err != nil {
		return err
	}
	if o.scan && !o.follow {
		return usagef("--scan lasts as long as events are followed, which --follow=false rules out")
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	write := a.bleWriter()
	if !o.follow {
		if replay < 0 {
			return nil
		}
		events, err := c.BLEEvents(ctx, devflow.BleQuery{Limit: replay, Type: o.kind})
		if err != nil {
			return err
		}
		return printItems(a, events, write)
	}
	sub, err := c.BLE(ctx, devflow.BleParams{Replay: replay, Type: o.kind, Scan: o.scan})
	if err != nil {
		return stopped(ctx, err)
	}
	return follow(ctx, a, sub, eachItem(a, write))
}

// bleWriter writes events for people.
func (a *appShared) bleWriter() itemWriter[devflow.BleEvent] {
	p := a.painter()
	return func(w io.Writer, e devflow.BleEvent) error {
		line := p.paint(styleDim, clock(e.Timestamp)) + " " + p.paint(bleStyle(e.Type), fmt.Sprintf("%-18s", plain(e.Type)))
		if e.DeviceID != "" {
			line += " " + plain(e.DeviceID)
		}
		if e.DeviceName != "" {
			line += " " + p.paint(styleBold, plain(e.DeviceName))
		}
		if e.RSSI != nil {
			line += fmt.Sprintf(" %d dBm", *e.RSSI)
		}
		path := ""
		for _, uuid := range []string{e.ServiceUUID, e.CharacteristicUUID, e.DescriptorUUID} {
			if uuid != "" {
				path += "/" + plain(uuid)
			}
		}
		if path != "" {
			line += " " + path[1:]
		}
		if e.Data != "" {
			line += " " + plain(e.Data)
		}
		_, err := io.WriteString(w, line+"\n")
		return err
	}
}

func bleStyle(kind string) string {
	switch kind {
	case devflow.BleConnected:
		return styleGreen
	case devflow.BleDisconnected, devflow.BleConnectionFailed:
		return styleRed
	case devflow.BleScanResult:
		return styleDim
	}
	return ""
}
