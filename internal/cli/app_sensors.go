package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/client/devflow"
)

type appSensorsOptions struct {
	names    []string
	speed    string
	throttle time.Duration
}

func newAppSensors(a *appShared) *cobra.Command {
	o := appSensorsOptions{}
	cmd := &cobra.Command{
		Use:   "sensors [NAME...]",
		Short: "List the sensors of an application, or read some",
		Long: `Without names, list the sensors that the agent knows. With names, print their readings
until the verb is stopped or all of them have been: accelerometer (g), gyroscope (rad/s),
magnetometer (microtesla), orientation (unit quaternion), compass (degrees from magnetic
north), barometer (hPa), and those that the application has added.

Where readings come faster than they can be printed, the newest are.

` + exitCodesHelp,
		Example: `  heliograph app sensors
  heliograph app sensors accelerometer gyroscope --speed game --throttle 20ms
  heliograph app sensors barometer --throttle 1s --json | jq .values.pressure`,
		RunE: func(cmd *cobra.Command, names []string) error {
			o.names = names
			return runAppSensors(cmd.Context(), a, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.speed, "speed", devflow.SpeedUI, "how fast the sensors run at the least: Default (200 ms), UI (60 ms), Game (20 ms) or Fastest; `SPEED` is advice")
	f.DurationVar(&o.throttle, "throttle", 100*time.Millisecond, "least `TIME` between two readings of a sensor; 0 means no limit")
	_ = cmd.RegisterFlagCompletionFunc("speed", words(devflow.SpeedDefault, devflow.SpeedUI, devflow.SpeedGame, devflow.SpeedFastest))
	cmd.ValidArgsFunction = func(cmd *cobra.Command, list []string, _ string) ([]string, cobra.ShellCompDirective) {
		return a.sensorNames(cmd.Context(), list), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

func (a *appShared) sensorNames(ctx context.Context, given []string) (names []string) {
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
	list, _ := c.SensorList(ctx)
	for _, sensor := range list {
		if sensor.Value.Available && !slices.Contains(given, sensor.Value.Name) {
			names = append(names, sensor.Value.Name)
		}
	}
	return names
}

func runAppSensors(ctx context.Context, a *appShared, o appSensorsOptions) error {
	speed, err := wordFlag("speed", o.speed, devflow.SpeedDefault, devflow.SpeedUI, devflow.SpeedGame, devflow.SpeedFastest)
	if err != nil {
		return err
	}
	if o.throttle < 0 {
		return usagef("--throttle %s is negative", o.throttle)
	}
	c, err := a.dialAgent(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	list, err := c.SensorList(ctx)
	if err != nil {
		return err
	}
	if len(o.names) == 0 {
		return a.listSensors(list)
	}
	names, err := pickSensors(list, o.names)
	if err != nil {
		return err
	}
	throttle := o.throttle
	if throttle == 0 {
		throttle = -1 // the client's word for no limit
	}
	sub, err := c.Sensors(ctx, client.AgentSensors{Names: names, Speed: speed, Throttle: throttle})
	if err != nil {
		return stopped(ctx, err)
	}
	reading := &sensorLines{a: a, runs: map[string]bool{}, write: eachItem(a, a.readingWriter())}
	for _, name := range names {
		reading.runs[name] = true
	}
	if err := follow(ctx, a, sub, reading.print); !errors.Is(err, errAllStopped) {
		return err
	}
	return nil
}

// pickSensors checks names against the list and gives them as the agent spells them,
// each once.
func pickSensors(list []client.AgentItem[devflow.SensorInfo], asked []string) (names []string, err error) {
	for _, name := range asked {
		i := slices.IndexFunc(list, func(s client.AgentItem[devflow.SensorInfo]) bool { return strings.EqualFold(s.Value.Name, name) })
		switch {
		case i < 0:
			return nil, &client.Error{Channel: "sensors", Code: "not_found", Message: fmt.Sprintf("there is no sensor %q", name)}
		case !list[i].Value.Available:
			return nil, fmt.Errorf("sensors: the device has no %s", list[i].Value.Name)
		case !slices.Contains(names, list[i].Value.Name):
			names = append(names, list[i].Value.Name)
		}
	}
	return names, nil
}

func (a *appShared) listSensors(list []client.AgentItem[devflow.SensorInfo]) error {
	if a.remote.json {
		return printItems(a, list, nil)
	}
	rows := [][]string{{"SENSOR", "AVAILABLE", "ACTIVE"}}
	for _, s := range list {
		rows = append(rows, []string{s.Value.Name, yesNo(s.Value.Available), yesNo(s.Value.Active)})
	}
	return table(a.streams.Out, rows)
}

func yesNo(v bool) string {
	if v {
		return "yes"
	}
	return "no"
}

// errAllStopped ends the reading of sensors that somebody has stopped.
var errAllStopped = errors.New("all sensors were stopped")

// sensorLines prints readings and follows which sensors still run.
type sensorLines struct {
	a     *appShared
	runs  map[string]bool // by name: it was not stopped
	write func(io.Writer, client.AgentMessage[devflow.SensorReading]) error
}

func (l *sensorLines) print(w io.Writer, m client.AgentMessage[devflow.SensorReading]) error {
	switch m.Type {
	case devflow.TypeSubscribed, devflow.TypeStopped:
		var about struct{ Data devflow.SensorStoppedData }
		_ = json.Unmarshal(m.Raw, &about)
		l.runs[about.Data.Sensor] = m.Type == devflow.TypeSubscribed
	default:
		return l.write(w, m)
	}
	for _, runs := range l.runs {
		if runs {
			return nil
		}
	}
	l.a.notice("the sensors were stopped at the agent")
	return errAllStopped
}

// readingWriter writes readings for people.
func (a *appShared) readingWriter() itemWriter[devflow.SensorReading] {
	p := a.painter()
	return func(w io.Writer, r devflow.SensorReading) error {
		line := p.paint(styleDim, clock(r.Timestamp)) + " " + fmt.Sprintf("%-13s", plain(r.Sensor))
		for _, key := range valueNames(r.Values) {
			line += " " + p.paint(styleDim, plain(key)+"=") + sensorValue(r.Values[key])
		}
		_, err := io.WriteString(w, line+"\n")
		return err
	}
}

// valueNames gives the names of values, w of a quaternion last.
func valueNames(values map[string]any) []string {
	keys := sortedKeys(values)
	if len(keys) == 4 && keys[0] == "w" && keys[1] == "x" {
		keys = []string{"x", "y", "z", "w"}
	}
	return keys
}

// sensorValue writes a value in a column.
func sensorValue(v any) string {
	n, ok := v.(float64)
	if !ok {
		return plain(fmt.Sprint(v))
	}
	if math.Abs(n) >= 1e6 {
		return strconv.FormatFloat(n, 'g', 6, 64)
	}
	return fmt.Sprintf("%-9s", strconv.FormatFloat(n, 'f', 4, 64))
}
