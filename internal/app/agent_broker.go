package app

import (
	"cmp"
	"context"
	"net/url"
	"os"
	"strconv"
	"sync"

	"github.com/heliograph/heliograph/internal/broker"
)

// Run serves clients until ctx is done, and keeps the agent registered with its
// brokers meanwhile.
func (a *Agent) Run(ctx context.Context) error {
	registering, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	if r := a.registration(); len(a.brokers) > 0 && r.Port > 0 {
		wg.Go(func() { broker.Register(registering, a.brokers, r, a.log) })
	}
	return a.Server.Run(ctx)
}

// registration says what brokers are told: that the application is the one of this
// folder, at the first address.
func (a *Agent) registration() broker.Registration {
	shown := a.rec.App()
	folder, err := os.Getwd()
	if err != nil {
		folder = shown.Name
	}
	r := broker.Registration{
		Project: cmp.Or(shown.Project, folder), Target: broker.Target(), Platform: broker.Platform(), AppName: shown.Name,
		Version: a.version, SessionID: shown.SessionID,
	}
	for _, address := range a.URLs() {
		if u, err := url.Parse(address); err == nil && r.Port == 0 {
			r.Port, _ = strconv.Atoi(u.Port()) // 0 is no port
		}
	}
	return r
}
