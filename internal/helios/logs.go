package helios

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"

	wire "github.com/heliograph/heliograph/client/helios"
	"github.com/heliograph/heliograph/internal/logline"
	"github.com/heliograph/heliograph/internal/topic"
)

// statusFor is how long the state of the units is kept.
const statusFor = 5 * time.Second

// LogReader reads one log.
type LogReader interface {
	// Run is a topic.Source of the log's lines.
	Run(ctx context.Context, out *topic.Publisher[logline.Line]) error
	// Tail returns the last n lines, oldest first.
	Tail(ctx context.Context, n int) ([]string, error)
	// Dump writes the last n lines, or all if n is 0.
	Dump(ctx context.Context, w io.Writer, n int) error
}

// LogSource is an entry of the list of logs that may be read. Nothing outside
// the list can be opened.
type LogSource struct {
	wire.LogSource
	Reader LogReader
}

// UnitStates returns the state of systemd units by name. It may leave out units
// that are not known, and gives up after a few seconds.
type UnitStates func(ctx context.Context, units ...string) (map[string]wire.UnitStatus, error)

// logCatalogue is the list of logs, each with a topic that is shared by all who
// follow it.
type logCatalogue struct {
	sources []*logTopic
	units   UnitStates

	mu       sync.Mutex
	states   map[string]wire.UnitStatus
	asked    time.Time
	lastGood time.Time
	failure  error
}

type logTopic struct {
	LogSource
	topic *topic.Topic[logline.Line]
}

func newLogCatalogue(sources []LogSource, units UnitStates, log *slog.Logger) *logCatalogue {
	c := &logCatalogue{units: units}
	for _, s := range sources {
		c.sources = append(c.sources, &logTopic{LogSource: s, topic: topic.New(topic.Options[logline.Line]{
			Name:         "log " + s.ID,
			HistoryItems: logline.HistoryItems,
			HistoryBytes: logline.HistoryBytes,
			Size:         logline.Size,
			Source:       s.Reader.Run,
			Logger:       log,
		})})
	}
	return c
}

func (c *logCatalogue) find(id string) (*logTopic, bool) {
	for _, s := range c.sources {
		if s.ID == id {
			return s, true
		}
	}
	return nil, false
}

func (c *logCatalogue) close() {
	for _, s := range c.sources {
		s.topic.Close()
	}
}

// describe returns a source in wire form, with the state of its unit.
func (c *logCatalogue) describe(ctx context.Context, s *logTopic) wire.LogSource {
	out := s.LogSource.LogSource
	if out.Unit != "" {
		c.refresh(ctx)
		out.Status = c.state(out.Unit)
	}
	return out
}

// list returns all sources in wire form and how fresh the units' states are.
func (c *logCatalogue) list(ctx context.Context) wire.LogSources {
	c.refresh(ctx)
	answer := wire.LogSources{Freshness: c.freshness(), Sources: make([]wire.LogSource, len(c.sources))}
	for i, s := range c.sources {
		answer.Sources[i] = s.LogSource.LogSource
		answer.Sources[i].Status = c.state(s.Unit)
	}
	return answer
}

func (c *logCatalogue) state(unit string) *wire.UnitStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.states[unit]; ok {
		return &s
	}
	return nil
}

// refresh asks for the units' states, at most every five seconds.
func (c *logCatalogue) refresh(ctx context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.asked) < statusFor {
		return
	}
	c.asked = time.Now()
	var units []string
	for _, s := range c.sources {
		if s.Unit != "" {
			units = append(units, s.Unit)
		}
	}
	if len(units) == 0 || c.units == nil {
		c.lastGood, c.failure = c.asked, nil
		return
	}
	states, err := c.units(ctx, units...)
	c.failure = err
	if err == nil {
		c.states, c.lastGood = states, c.asked
	}
}

func (c *logCatalogue) freshness() wire.Freshness {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := wire.Freshness{State: "live", Reason: "live", ObservedAtMS: millis(c.asked)}
	if !c.lastGood.IsZero() {
		f.LastSuccessAtMS = millis(c.lastGood)
	}
	if c.failure == nil {
		return f
	}
	f.Reason = "refresh_error"
	if isTimeout(c.failure) {
		f.Reason = "refresh_timeout"
	}
	f.State = "stale"
	if c.lastGood.IsZero() {
		f.State = "unavailable"
	}
	return f
}
