package broker

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Agent is one that a broker knows.
type Agent struct {
	ID          string `json:"id"`
	Project     string `json:"project"`
	Target      string `json:"tfm"`
	Platform    string `json:"platform"`
	AppName     string `json:"appName"`
	Port        int    `json:"port"`
	ConnectedAt string `json:"connectedAt"`
}

// Agents asks the broker at a port of this machine which agents it knows. It blocks
// for 3 s at the most.
func Agents(ctx context.Context, client *http.Client, port int) ([]Agent, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var list []Agent
	if err := getJSON(ctx, client, "http://localhost:"+strconv.Itoa(port)+"/api/agents", &list); err != nil {
		return nil, fmt.Errorf("ask the broker at port %d: %w", port, err)
	}
	return list, nil
}

func getJSON(ctx context.Context, client *http.Client, url string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	const most = 1 << 20
	body, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.Unmarshal(body, into)
}

// Since returns when an agent was registered, zero if the broker does not tell.
func (a Agent) Since() time.Time {
	t, err := time.Parse(time.RFC3339Nano, a.ConnectedAt)
	if err != nil {
		return time.Time{}
	}
	return t
}
