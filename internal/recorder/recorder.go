package recorder

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Mode says when things are recorded; see the package comment.
type Mode int

// The modes.
const (
	Always   Mode = iota // from the beginning
	OnDemand             // while somebody is interested, and what is rare always
)

// DefaultKeep is how long recording goes on after the last interest.
const DefaultKeep = 10 * time.Minute

// Window is how many live items a reader may be behind before it is ended.
const Window = 4096

// Capacity bounds what is kept. Zero keeps nothing.
type Capacity struct {
	Logs      int // entries
	Exchanges int // HTTP exchanges
	Detail    int // bytes of headers and bodies of all exchanges together
	Body      int // bytes of one body; 0 switches the capture of bodies off
	BLE       int // Bluetooth events
	Profiler  int // samples, markers and spans, each
}

// DefaultCapacity returns the bounds of the package comment.
func DefaultCapacity() Capacity {
	return Capacity{Logs: 1000, Exchanges: 500, Detail: 32 << 20, Body: 256 << 10, BLE: 2000, Profiler: 20000}
}

// Options of a recorder. The zero value records always, with the default bounds.
type Options struct {
	// App describes the application; see Recorder.SetApp.
	App App
	// Device answers questions about the device; nil functions say that there
	// is no answer here.
	Device Device
	// Mode says when things are recorded.
	Mode Mode
	// Keep is how long recording goes on after the last interest, in mode
	// OnDemand; 0 means 10 minutes.
	Keep time.Duration
	// KeepLevel is the level from which log entries are recorded without any
	// interest, in mode OnDemand; 0, which is Trace, means Warning.
	KeepLevel Level
	// Capacity bounds what is kept; nil means DefaultCapacity.
	Capacity *Capacity
	// Redact, if not nil, is called for every exchange before it is kept, and may
	// change it in place. It runs in the producer's goroutine.
	Redact func(*Exchange)
	// Profiler says what the profiler can do here.
	Profiler ProfilerOptions
	// Logger gets what the recorder itself has to tell, which is little; nil
	// means no log. It must not lead back into the recorder.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Keep <= 0 {
		o.Keep = DefaultKeep
	}
	if o.KeepLevel == Trace {
		o.KeepLevel = Warning
	}
	if o.Capacity == nil {
		c := DefaultCapacity()
		o.Capacity = &c
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Recorder is the model of one application. Make one with New and release it with
// Close.
type Recorder struct {
	Logs     *Logs
	Network  *Network
	BLE      *BLE
	UI       *UI
	Profiler *Profiler
	Sensors  *Sensors

	device  Device
	started time.Time

	mu  sync.Mutex
	app App
}

// New returns a recorder. It starts nothing.
func New(opts Options) *Recorder {
	opts = opts.withDefaults()
	r := &Recorder{device: opts.Device, app: opts.App, started: time.Now()}
	r.Logs = newLogs(opts)
	r.Network = newNetwork(opts)
	r.BLE = newBLE(opts)
	r.UI = newUI(opts)
	r.Profiler = newProfiler(opts)
	r.Sensors = newSensors(opts)
	r.Network.profiler = r.Profiler
	r.Profiler.network = &r.Network.gate
	return r
}

// Close ends all streams with topic.ErrClosed, stops sensors, scans and the
// profiler, and waits for them. What is recorded afterwards is dropped.
func (r *Recorder) Close() {
	r.Profiler.close()
	r.BLE.close()
	r.Sensors.close()
	r.UI.close()
	r.Network.close()
	r.Logs.close()
}

// App describes the application.
type App struct {
	Name      string // for people; empty: unknown
	Version   string
	Build     string // number or revision of the build
	PackageID string // reverse-domain or module name
	ProcessID int    // 0: unknown or not one process
	Theme     string // "light", "dark" or empty
	// Project is the path or another stable name of the application's source;
	// SessionID the identity of the build or workspace. Both may be empty.
	Project, SessionID string
}

// SetApp replaces the description, for example when the process is known.
func (r *Recorder) SetApp(a App) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.app = a
}

// App returns the description.
func (r *Recorder) App() App {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.app
}

// Uptime returns how long the recorder has existed.
func (r *Recorder) Uptime() time.Duration { return time.Since(r.started) }

// Device returns the functions that answer questions about the device.
func (r *Recorder) Device() Device { return r.device }

// Device answers questions about the device. A nil function, and the error
// errors.ErrUnsupported, mean that there is no answer here. Functions must honour
// ctx and be safe for concurrent use.
type Device struct {
	Info         func(ctx context.Context) (DeviceInfo, error)
	Display      func(ctx context.Context) (Display, error)
	Battery      func(ctx context.Context) (Battery, error)
	Connectivity func(ctx context.Context) (Connectivity, error)
}

// DeviceInfo is what the device is. Empty texts are unknown.
type DeviceInfo struct {
	Model, Manufacturer, Name string
	OSVersion                 string
	Idiom                     string // desktop, phone, tablet, tv, watch; empty means desktop
	Virtual                   bool   // an emulator or a virtual machine
}

// Display is the main screen.
type Display struct {
	Width, Height float64 // pixels
	Density       float64 // pixels per device-independent pixel, above 0
	RefreshRate   float64 // Hz; 0 is unknown
}

// Battery is the state of the power supply.
type Battery struct {
	Level  float64 // 0..1
	State  string  // unknown, charging, discharging, full, notCharging
	Source string  // unknown, battery, ac, usb, wireless
}

// Connectivity is the state of the network.
type Connectivity struct {
	Access   string   // none, local, internet, constrainedInternet
	Profiles []string // for example wifi, ethernet, cellular, bluetooth
}
