package recorder

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Bounds of Bluetooth events.
const (
	maxBLEData  = 4096
	maxBLEBytes = 8 << 20
)

// BLEEvent is something that happened with Bluetooth Low Energy. Empty texts are
// absent.
type BLEEvent struct {
	Kind       string // for example scan_result; an open set
	Time       time.Time
	DeviceID   string // address of the peer
	DeviceName string
	RSSI       *int   // dBm
	Service    string // UUIDs, short or long
	Char       string
	Descriptor string
	Data       string // what it means depends on Kind; at most 4096 characters
}

// BLEItem is what a reader of Bluetooth events gets: an event, or the text of a
// failure, which is told to those who listen and not kept.
type BLEItem struct {
	Event   BLEEvent
	Failure string
}

// Adapter is a Bluetooth adapter that can be watched. What it sees it records with
// BLE.Record. Both methods return when it has begun or failed, honour ctx only until
// then, and may be called again after stop, but not while running. stop ends it and
// waits for it; it is called once and must not call into BLE's scanning. lost is
// called at most once, from any goroutine, when it ends by itself; stop is called
// after that too.
type Adapter interface {
	// Scan looks for devices.
	Scan(ctx context.Context, lost func(error)) (stop func(), err error)
	// Monitor follows connections and GATT traffic.
	Monitor(ctx context.Context, lost func(error)) (stop func(), err error)
}

// ErrNoScanner says that there is no adapter to scan with.
var ErrNoScanner = errors.New("BLE scanning not supported on this platform")

// BLE holds Bluetooth events and counts who wants to scan.
type BLE struct {
	buf      *buffer[BLEItem]
	capacity int

	// op is held while the adapter starts or stops something; mu never is.
	op      sync.Mutex
	adapter Adapter
	scan    activity
	monitor activity
	closed  bool

	mu      sync.Mutex
	joined  int    // open scans of streams
	asked   bool   // a scan was started by request
	epoch   uint64 // grows when all scans are ended
	scanOn  bool
	watchOn bool
}

// activity is something the adapter does. It is guarded by BLE.op.
type activity struct{ stop func() }

func (a *activity) end() {
	if a.stop != nil {
		a.stop()
		a.stop = nil
	}
}

func newBLE(opts Options) *BLE {
	size := func(i BLEItem) int {
		e := &i.Event
		return 224 + len(e.Kind) + len(e.DeviceID) + len(e.DeviceName) + len(e.Service) + len(e.Char) + len(e.Descriptor) +
			len(e.Data) + len(i.Failure)
	}
	return &BLE{buf: newBuffer("app ble", opts.Capacity.BLE, maxBLEBytes, size, opts), capacity: opts.Capacity.BLE}
}

// Record records an event. Bluetooth events are always wanted. One without a kind
// is dropped.
func (b *BLE) Record(e BLEEvent) {
	if e.Kind == "" {
		return
	}
	e.Time = utc(e.Time)
	for _, text := range []*string{&e.Kind, &e.DeviceID, &e.DeviceName, &e.Service, &e.Char, &e.Descriptor} {
		*text = cut(*text, maxShort)
	}
	n := 0
	for at := range e.Data {
		if n++; n > maxBLEData {
			e.Data = e.Data[:at]
			break
		}
	}
	b.buf.add(BLEItem{Event: e})
}

// Fail tells those who listen of a failure, such as the loss of the adapter.
func (b *BLE) Fail(err error) { b.buf.note(BLEItem{Failure: cut(err.Error(), maxShort)}) }

// Held returns the kept events, oldest first.
func (b *BLE) Held() []*Event[BLEItem] { return b.buf.held() }

// Clear forgets the kept events. Readers are told nothing.
func (b *BLE) Clear() {
	b.buf.mu.Lock()
	defer b.buf.mu.Unlock()
	b.buf.clearLocked()
}

// Open returns the kept events and those to come; see Logs.Open.
func (b *BLE) Open(wake func()) (*Stream[BLEItem], error) { return b.buf.open(nil, wake) }

// BLEStatus is the state of Bluetooth.
type BLEStatus struct {
	Enabled      bool // the adapter is being monitored
	Scanning     bool
	CanScan      bool
	Events       int // kept
	Readers      int // open streams
	MaxEvents    int
	ScansWanted  int  // open streams that want to scan
	ScanByDemand bool // a scan was started by request and not stopped
}

// Status returns the state of Bluetooth. It does not wait for the adapter.
func (b *BLE) Status() BLEStatus {
	b.mu.Lock()
	s := BLEStatus{
		Enabled: b.watchOn, Scanning: b.scanOn, CanScan: b.adapter != nil, MaxEvents: b.capacity,
		ScansWanted: b.joined, ScanByDemand: b.asked,
	}
	b.mu.Unlock()
	b.buf.mu.Lock()
	s.Events = b.buf.kept.n
	b.buf.mu.Unlock()
	s.Readers = b.buf.readers()
	return s
}

// SetAdapter gives the adapter, or takes it away with nil, which ends what it did.
func (b *BLE) SetAdapter(a Adapter) {
	b.op.Lock()
	defer b.op.Unlock()
	b.endAllLocked()
	b.mu.Lock()
	b.adapter = a
	b.mu.Unlock()
}

// endAllLocked is called with op held.
func (b *BLE) endAllLocked() {
	b.scan.end()
	b.monitor.end()
	b.mu.Lock()
	b.joined, b.asked, b.scanOn, b.watchOn = 0, false, false, false
	b.epoch++
	b.mu.Unlock()
}

// JoinScan starts scanning, or joins a scan that is going on, until leave is
// called, which does not wait for others. Without an adapter it returns ErrNoScanner.
func (b *BLE) JoinScan(ctx context.Context) (leave func(), err error) {
	epoch, err := b.startScan(ctx, false)
	if err != nil {
		return nil, err
	}
	var once sync.Once
	return func() { once.Do(func() { b.leave(epoch) }) }, nil
}

// StartScan starts scanning until StopScan. Scanning already is success.
func (b *BLE) StartScan(ctx context.Context) error {
	_, err := b.startScan(ctx, true)
	return err
}

func (b *BLE) startScan(ctx context.Context, byRequest bool) (epoch uint64, err error) {
	b.op.Lock()
	defer b.op.Unlock()
	if b.adapter == nil || b.closed {
		return 0, ErrNoScanner
	}
	b.mu.Lock()
	running := b.scanOn
	b.mu.Unlock()
	if !running {
		b.scan.end() // what is left of one that was lost
		// On before the start, so that a loss during it is not overwritten.
		b.set(&b.scanOn, true)
		stop, err := b.adapter.Scan(ctx, func(err error) { b.lost(&b.scanOn, err) })
		if err != nil {
			b.set(&b.scanOn, false)
			return 0, err
		}
		b.scan.stop = stop
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if byRequest {
		b.asked = true
	} else {
		b.joined++
	}
	return b.epoch, nil
}

func (b *BLE) set(flag *bool, v bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*flag = v
}

// lost notes that the adapter has ended something by itself.
func (b *BLE) lost(flag *bool, err error) {
	b.set(flag, false)
	if err == nil {
		err = errors.New("the Bluetooth adapter was lost")
	}
	b.Fail(err)
}

// leave gives up one joined scan, unless it was ended for all.
func (b *BLE) leave(epoch uint64) {
	b.op.Lock()
	defer b.op.Unlock()
	b.mu.Lock()
	stale := epoch != b.epoch
	if !stale {
		b.joined--
	}
	idle := !stale && b.joined == 0 && !b.asked
	b.mu.Unlock()
	if idle {
		b.scan.end()
		b.set(&b.scanOn, false)
	}
}

// StopScan ends scanning for all. Not scanning is success.
func (b *BLE) StopScan() {
	b.op.Lock()
	defer b.op.Unlock()
	b.scan.end()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.joined, b.asked, b.scanOn = 0, false, false
	b.epoch++
}

// Enable starts monitoring the adapter; being enabled is success. Without an adapter
// it returns ErrNoScanner.
func (b *BLE) Enable(ctx context.Context) error {
	b.op.Lock()
	defer b.op.Unlock()
	if b.adapter == nil || b.closed {
		return ErrNoScanner
	}
	b.mu.Lock()
	running := b.watchOn
	b.mu.Unlock()
	if running {
		return nil
	}
	b.monitor.end()
	b.set(&b.watchOn, true)
	stop, err := b.adapter.Monitor(ctx, func(err error) { b.lost(&b.watchOn, err) })
	if err != nil {
		b.set(&b.watchOn, false)
		return err
	}
	b.monitor.stop = stop
	return nil
}

// Disable ends monitoring; what the application records itself goes on.
func (b *BLE) Disable() {
	b.op.Lock()
	defer b.op.Unlock()
	b.monitor.end()
	b.set(&b.watchOn, false)
}

func (b *BLE) close() {
	b.op.Lock()
	b.closed = true
	b.endAllLocked()
	b.op.Unlock()
	b.buf.close()
}
