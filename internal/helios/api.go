package helios

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/heliograph/heliograph/internal/changelog"
	"github.com/heliograph/heliograph/internal/source/console"
	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/source/ota"
	"github.com/heliograph/heliograph/internal/source/power"
	"github.com/heliograph/heliograph/internal/source/process"
	"github.com/heliograph/heliograph/internal/source/telemetry"
	"github.com/heliograph/heliograph/internal/source/usb"
	"github.com/heliograph/heliograph/internal/source/video"
	"github.com/heliograph/heliograph/internal/topic"
	"github.com/heliograph/heliograph/internal/wsconn"
)

// Deps is everything of the device that the protocol shows. All fields are
// required, except where it says otherwise.
type Deps struct {
	Version   string
	Hub       *wsconn.Hub
	Telemetry *topic.Topic[telemetry.Sample]
	Processes *topic.Topic[process.Snapshot]
	USB       *usb.Inventory
	Root      string // of the file system, "/"
	IMU       *iio.IMU
	Power     *power.Monitor
	Lighting  *led.Controller
	Firmware  *firmware.Watcher
	OTA       *ota.Updater
	Streams   *video.Manager
	Changes   *changelog.Log
	Console   *console.Manager // nil: switched off
	Logs      []LogSource
	Units     UnitStates // nil: no unit has a state
	Document  func(host string, tls bool) []byte
	Logger    *slog.Logger
}

// API serves the protocol.
type API struct {
	deps       Deps
	hub        *wsconn.Hub
	log        *slog.Logger
	started    time.Time
	channels   []*Channel
	logs       *logCatalogue
	logStreams atomic.Int32
	errors     errorHistory
	revisions  revisions
	previews   atomic.Int32
	codecList  remembered[[]video.CodecInfo]
	probed     remembered[found]
	memory     *memoryGauge

	stopping context.Context // done when the server is about to shut down
	stop     context.CancelCauseFunc
	mu       sync.Mutex     // orders enter and Close
	running  sync.WaitGroup // channels of multiplexed sockets
}

// New returns the API of a device.
func New(deps Deps) *API {
	if deps.Logger == nil {
		deps.Logger = slog.New(slog.DiscardHandler)
	}
	a := &API{
		deps:    deps,
		hub:     deps.Hub,
		log:     deps.Logger,
		started: time.Now(),
		logs:    newLogCatalogue(deps.Logs, deps.Units, deps.Logger),
		memory:  &memoryGauge{proc: filepath.Join("/", deps.Root, "proc"), log: deps.Logger},
	}
	a.stopping, a.stop = context.WithCancelCause(context.Background())
	a.channels = a.table()
	return a
}

// Close ends the channels of the multiplexed sockets, each with its
// channel.closed, and releases the logs. The connections themselves are the
// hub's, which is shut down next.
func (a *API) Close() {
	a.mu.Lock()
	a.stop(wsconn.ErrShutdown)
	a.mu.Unlock()
	a.running.Wait()
	a.logs.close()
}

// enter counts a channel of a multiplexed socket, for which Close waits until it
// leaves. It reports false once Close was called.
func (a *API) enter() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopping.Err() != nil {
		return false
	}
	a.running.Add(1)
	return true
}

func (a *API) leave() { a.running.Done() }

// find returns the published channel of that name and the stream id in it.
func (a *API) find(name string) (*Channel, uuid.UUID) {
	for _, ch := range a.channels {
		text, ok := ch.match(name)
		if !ok || !ch.Published {
			continue
		}
		if text == "" {
			return ch, uuid.Nil
		}
		if id, err := parseUUID(text); err == nil {
			return ch, id
		}
	}
	return nil, uuid.Nil
}

// Register adds the protocol's routes to mux.
func (a *API) Register(mux *http.ServeMux) {
	mux.HandleFunc("/v1/ws", a.serveMux)
	for _, ch := range a.channels {
		mux.HandleFunc("/v1/ws/"+ch.Path, a.serveSocket(ch))
	}
	mux.HandleFunc("/asyncapi.json", a.getDocument)
	mux.HandleFunc("/v1/asyncapi.json", a.getDocument)
	rest := a.restHandler()
	mux.Handle("/v1/", rest)
	mux.Handle("/v1", rest)
}

func isTimeout(err error) bool { return errors.Is(err, context.DeadlineExceeded) }
