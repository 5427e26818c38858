package app

import (
	"log/slog"
	"os"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/server"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/console"
)

// openState opens the configured state directory, or the usual one.
func openState(dir string) (*statedir.Dir, error) {
	if dir == "" {
		var err error
		if dir, err = statedir.Default(os.Getenv); err != nil {
			return nil, err
		}
	}
	return statedir.Open(dir)
}

// dataDir returns the directory whose filesystem telemetry calls the disk.
func dataDir(cfg config.Config, state *statedir.Dir) string {
	if cfg.Telemetry.DataDir != "" {
		return cfg.Telemetry.DataDir
	}
	return state.Path()
}

// newConsole returns the owner of the shells, or nil if they are switched off.
func newConsole(cfg config.Config, log *slog.Logger) *console.Manager {
	if cfg.Console.Disabled {
		return nil
	}
	return console.NewManager(console.Options{Shell: cfg.Console.Shell, MaxLive: cfg.Console.MaxSessions, Logger: log})
}

func serverTLS(cfg config.Config) server.TLS {
	return server.TLS{Enabled: cfg.TLS.Enabled, CertFile: cfg.TLS.CertFile, KeyFile: cfg.TLS.KeyFile}
}

func serverLimits(cfg config.Config) server.Limits {
	l := cfg.Limits
	return server.Limits{
		MaxConns:        l.MaxConnections,
		MaxConnsPerAddr: l.MaxConnectionsPerAddress,
		MaxHeaderBytes:  l.MaxHeaderBytes,
		MaxBody:         l.MaxBodyBytes,
		HeaderTimeout:   l.HeaderTimeout,
		IdleTimeout:     l.IdleTimeout,
		StallTimeout:    l.StallTimeout,
		ShutdownTimeout: l.ShutdownTimeout,
	}
}
