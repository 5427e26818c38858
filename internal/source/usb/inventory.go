package usb

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// historyItems is the number of changes that the topic holds.
const historyItems = 64

// Hotplug tells about attached and detached devices: it calls changed once when
// it is listening and then whenever something may have changed, and returns when
// ctx is done or when it cannot listen. It may call changed from one goroutine
// of its own at a time; changed does not block.
type Hotplug func(ctx context.Context, changed func()) error

// Options describe an inventory. The zero value reads the running system and
// polls for changes.
type Options struct {
	// Root is the folder in which sys is; "" means "/".
	Root string
	// Hotplug gives the news; nil means none, so that the topic polls. The
	// kernel's device events of the subsystem usb are meant.
	Hotplug Hotplug
	// Logger gets a record when polling begins or ends and when sysfs cannot be
	// read; nil means no log.
	Logger *slog.Logger
}

// Change tells how the set of devices has changed.
type Change struct {
	// Time is when the change was seen.
	Time time.Time
	// Devices are all that are attached now, as Scan returns them.
	Devices []Device
	// Added and Removed are the differences to what was known before: devices with
	// another position, vendor id, product id or product name. A device that was
	// exchanged is in both.
	Added, Removed []Device
}

// Inventory reads the USB devices of a machine. Its methods are safe for
// concurrent use. Release it with [Inventory.Close].
type Inventory struct {
	opts  Options
	dir   string
	topic *topic.Topic[Change]
}

// New returns an inventory. It reads nothing yet.
func New(opts Options) *Inventory {
	if opts.Root == "" {
		opts.Root = "/"
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	inv := &Inventory{opts: opts, dir: filepath.Join(opts.Root, "sys/bus/usb/devices")}
	inv.topic = topic.New(topic.Options[Change]{
		Name:         "usb",
		HistoryItems: historyItems,
		Source:       inv.watch,
		Retry:        true,
		Logger:       opts.Logger,
	})
	return inv
}

// Topic returns the stream of changes of the set of devices. It has no event for
// the devices that are there when the first subscriber comes; its source is ready
// when these are known, so that what is attached after that is told.
func (inv *Inventory) Topic() *topic.Topic[Change] { return inv.topic }

// Close ends all subscriptions and waits until nothing is watched any more.
// Scan still works.
func (inv *Inventory) Close() { inv.topic.Close() }
