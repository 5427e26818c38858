package app

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/source/ota/rauc"
	"github.com/heliograph/heliograph/internal/source/ota/simulated"
)

// simulateOTA is what --simulate calls the update engine.
const simulateOTA = "ota"

// newUpdater opens the updater with RAUC, which is asked whenever somebody wants
// to know and may be absent, or with the simulated engine.
func newUpdater(cfg config.Config, state *statedir.Dir, log *slog.Logger) (*ota.Updater, error) {
	var engine ota.Engine = rauc.New(rauc.Options{Logger: log})
	if slices.Contains(cfg.Simulate, simulateOTA) {
		engine = simulated.New(simulated.Options{})
	}
	updater, err := ota.Open(ota.Options{Engine: engine, Dir: state.Join("ota"), Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open the updater: %w", err)
	}
	return updater, nil
}
