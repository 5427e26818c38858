package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/heliograph/heliograph/client"
	"github.com/heliograph/heliograph/internal/broker"
)

// agentPatience is how long an agent of this machine has to answer.
const agentPatience = time.Second

// usualPorts are where agents listen that no broker knows: that of heliograph serve, the
// protocol's, and those that the SDK takes where several programs run.
func usualPorts() []int {
	ports := []int{5800, 9223}
	for port := 10223; port < 10233; port++ {
		ports = append(ports, port)
	}
	return ports
}

type agentsOptions struct {
	ports, brokers []int
	json           bool
}

// newAgents makes the verb that looks for agents.
func newAgents(s *shared) *cobra.Command {
	var opts agentsOptions
	cmd := &cobra.Command{
		Use:   "agents",
		Short: "List the agents of applications on this machine",
		Long: `List the agents on this machine: those that brokers of DevFlow tools know (ports 19223
and 19323), and those that answer at a usual port: 9223, 10223 to 10232, and 5800 of
heliograph serve. Agents elsewhere are found when --port names them.

Nothing but the question who it is is sent to these ports, and no token.

` + exitCodesHelp,
		Example: `  heliograph agents
  heliograph agents --port 9400 --port 9401 --json`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := findAgents(cmd.Context(), opts)
			if opts.json {
				return printAgents(s, found)
			}
			rows := [][]string{{"ADDRESS", "APPLICATION", "STATE", "PROCESS", "AGENT"}}
			for _, a := range found {
				rows = append(rows, a.row())
			}
			return table(s.streams.Out, rows)
		},
	}
	f := cmd.Flags()
	f.IntSliceVar(&opts.ports, "port", usualPorts(), "look at these `PORTS` of this machine")
	f.IntSliceVar(&opts.brokers, "broker", broker.Ports(), "ask the brokers at these `PORTS`")
	f.BoolVar(&opts.json, "json", false, "print one JSON object per line")
	return cmd
}

// localAgent is an agent that was found.
type localAgent struct {
	URL       string `json:"url"`
	App       string `json:"app"`
	Version   string `json:"version,omitempty"`
	Running   bool   `json:"running"`
	ProcessID int    `json:"processId,omitempty"`
	Agent     string `json:"agent,omitempty"`
	// Broker tells that a broker knows it; Problem why it does not answer although
	// one does.
	Broker  bool   `json:"broker"`
	Problem string `json:"problem,omitempty"`
}

func (a localAgent) row() []string {
	state, process := "stopped", ""
	switch {
	case a.Problem != "":
		state = "silent: " + a.Problem
	case a.Running:
		state = "running"
	}
	if a.ProcessID > 0 {
		process = strconv.Itoa(a.ProcessID)
	}
	return []string{a.URL, known(a.App, a.Version), state, process, a.Agent}
}

func printAgents(s *shared, found []localAgent) error {
	out := json.NewEncoder(s.streams.Out)
	for _, a := range found {
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	return nil
}

// findAgents asks all ports at the same time, and returns who answered, by address.
func findAgents(ctx context.Context, opts agentsOptions) []localAgent {
	registered := fromBrokers(ctx, opts.brokers)
	ports := slices.Clone(opts.ports)
	for port := range registered {
		ports = append(ports, port)
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	found := make([]*localAgent, len(ports))
	var all sync.WaitGroup
	for i, port := range ports {
		all.Go(func() { found[i] = askAgent(ctx, port, registered[port]) })
	}
	all.Wait()
	list := []localAgent{}
	for _, a := range found {
		if a != nil {
			list = append(list, *a)
		}
	}
	return list
}

// fromBrokers returns what the brokers know, by port. There need not be any.
func fromBrokers(ctx context.Context, ports []int) map[int]*broker.Agent {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	found := map[int]*broker.Agent{}
	for _, port := range ports {
		list, err := broker.Agents(ctx, client, port)
		if err != nil {
			continue
		}
		for _, a := range list {
			if a.Port > 0 && a.Port < 1<<16 {
				found[a.Port] = &a
			}
		}
	}
	return found
}

// askAgent returns who is at a port: nil if there is no agent, unless a broker says
// that there is one.
func askAgent(ctx context.Context, port int, registered *broker.Agent) *localAgent {
	ctx, cancel := context.WithTimeout(ctx, agentPatience)
	defer cancel()
	a := &localAgent{URL: fmt.Sprintf("http://127.0.0.1:%d", port), Broker: registered != nil}
	c, err := client.NewAgent(a.URL, client.Options{})
	if err == nil {
		defer c.Close()
		status, asked := c.Status(ctx)
		if err = asked; err == nil {
			v := status.Value
			a.App, a.Version, a.Running, a.ProcessID = v.App.Name, v.App.Version, v.Running, v.App.ProcessID
			a.Agent = known(v.Agent.Name, v.Agent.Version)
			return a
		}
	}
	if registered == nil {
		return nil
	}
	a.App, a.Problem = cmp.Or(registered.AppName, registered.Project), err.Error()
	return a
}
