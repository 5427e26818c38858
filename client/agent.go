package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/heliograph/heliograph/client/devflow"
)

// DefaultAgent is the address at which an agent of this machine listens.
const DefaultAgent = "http://127.0.0.1:9223"

// An Agent is a client of one agent of the DevFlow Agent Protocol, which shows an
// application: one that "heliograph run" or "heliograph attach" looks into, one that
// embeds the agent, or the device's own server. Its methods are safe for concurrent
// use; what is said of the subscriptions of a Client holds for these.
type Agent struct{ c *Client }

// DialAgent makes a client of the agent at baseURL and asks for its status once, as
// Dial does for a server. What answers and is no agent is ErrNotFound.
func DialAgent(ctx context.Context, baseURL string, opts Options) (*Agent, error) {
	a, err := NewAgent(baseURL, opts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, a.c.opts.DialTimeout)
	defer cancel()
	if _, err := a.Status(ctx); err != nil {
		a.Close()
		if errors.Is(err, ErrNotFound) {
			err = fmt.Errorf("there is no agent at %s: %w", a.URL(), err)
		}
		return nil, err
	}
	return a, nil
}

// NewAgent makes a client as DialAgent does, without asking the agent anything.
func NewAgent(baseURL string, opts Options) (*Agent, error) {
	c, err := New(baseURL, opts)
	if err != nil {
		return nil, err
	}
	return &Agent{c}, nil
}

// URL gives the agent's address, without any secret.
func (a *Agent) URL() string { return a.c.URL() }

// Close lets go of idle connections. Subscriptions end with their contexts.
func (a *Agent) Close() { a.c.Close() }

// Status tells who the agent is, and which application it shows.
func (a *Agent) Status(ctx context.Context) (AgentItem[devflow.AgentStatus], error) {
	return agentGet[devflow.AgentStatus](ctx, a, "/api/v1/agent/status", nil)
}

// ClearNetwork makes the agent forget the exchanges it has captured.
func (a *Agent) ClearNetwork(ctx context.Context) (AgentItem[devflow.ActionResult], error) {
	data, err := a.c.Do(ctx, http.MethodDelete, "/api/v1/network/requests", nil, nil)
	if err != nil {
		return AgentItem[devflow.ActionResult]{}, err
	}
	return decodeItem[devflow.ActionResult](data)
}
