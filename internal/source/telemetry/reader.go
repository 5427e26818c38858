package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/heliograph/heliograph/internal/procfile"
)

const (
	// settle is the time between the two readings of a first sample.
	settle = 200 * time.Millisecond
	// maxGap is how far apart two samples may be for the second to tell usage
	// since the first. The slowest rate a client may ask for is 10 s.
	maxGap = 15 * time.Second
	// patience is how long a sample waits for what may hang.
	patience = 150 * time.Millisecond
)

// Options say what to measure.
type Options struct {
	// Root is the folder that holds "proc" and "sys"; empty means "/".
	Root string
	// DataDir is a folder on the filesystem to tell of as Sample.DataDisk. It is
	// taken as it is, not below Root. Empty: the sum of all filesystems.
	DataDir string
	// Logger gets a record when a filesystem or sensor hangs or answers again;
	// nil means no log.
	Logger *slog.Logger
}

// Reader measures the device. It is safe for concurrent use; samples then
// follow one another and each tells what happened since the one before. There
// should therefore be one sampler for all viewers.
type Reader struct {
	opts Options

	mu         sync.Mutex
	last       time.Time // of the previous sample
	discovered time.Time
	stat       *procfile.File
	meminfo    *procfile.File
	netdev     *procfile.File
	throttle   *procfile.File
	cpu        cpuMeter
	frequency  frequencyMeter
	cpuTemp    cpuThermometer
	network    networkMeter
	disks      diskMeter
	sensors    sensors
	lane       lane[readings]
	told       readings
	hung       map[string]bool // what was logged to hang
}

// New returns a reader. It opens nothing before the first Read.
func New(opts Options) *Reader {
	if opts.Root == "" {
		opts.Root = "/"
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	return &Reader{
		opts:    opts,
		network: networkMeter{sysfs: filepath.Join(opts.Root, "sys/class/net")},
		disks:   diskMeter{root: opts.Root, dataDir: opts.DataDir, statfs: statfs},
		sensors: sensors{root: opts.Root, now: time.Now},
		hung:    make(map[string]bool),
	}
}

// Read takes a sample. It blocks for at most 150 ms on things that hang, and
// for 200 ms more when there is no recent sample to compare with, see the
// package comment. When ctx is done it returns its cause. Without /proc/stat or
// /proc/meminfo there is no sample but an error, which is fs.ErrNotExist where
// these do not exist; everything else is left out where it is not known.
func (r *Reader) Read(ctx context.Context) (Sample, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last.IsZero() || time.Since(r.last) > maxGap {
		if _, err := r.take(ctx); err != nil {
			return Sample{}, err
		}
		timer := time.NewTimer(settle)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		r.last = time.Time{}
		return Sample{}, context.Cause(ctx)
	}
	return r.take(ctx)
}

// take makes one reading of everything.
func (r *Reader) take(ctx context.Context) (Sample, error) {
	now := time.Now()
	if err := r.open(now); err != nil {
		return Sample{}, err
	}
	s := Sample{Time: now}
	text, err := r.stat.Read()
	if err == nil {
		s.CPU, err = r.cpu.read(text, r.frequency.read())
	}
	if err != nil {
		return Sample{}, fmt.Errorf("read processor usage: %w", err)
	}
	if text, err = r.meminfo.Read(); err != nil {
		return Sample{}, fmt.Errorf("read memory: %w", err)
	}
	memory, err := procfile.ParseMeminfo(text)
	if err != nil {
		return Sample{}, fmt.Errorf("read memory: %w", err)
	}
	s.Memory = Memory{
		Total: memory.Total, Used: memory.Used(), Free: memory.Total - memory.Used(),
		SwapTotal: memory.SwapTotal, SwapUsed: memory.SwapUsed(),
	}
	s.CPU.Temperature = r.cpuTemp.read()
	s.CPU.Throttle = readThrottle(r.throttle)
	s.Network = r.readNetwork()
	r.readSlow(ctx, &s)
	r.last = now
	return s, nil
}

// readNetwork returns nil where the network cannot be read.
func (r *Reader) readNetwork() *Network {
	if r.netdev == nil {
		return nil
	}
	text, err := r.netdev.Read()
	if err != nil {
		return nil
	}
	return r.network.read(text, time.Now())
}

// readSlow reads what may hang, all of it at once, and waits within patience.
func (r *Reader) readSlow(ctx context.Context, s *Sample) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if late, ok := r.lane.poll(); ok {
		r.told = late
	}
	asked := r.lane.start(r.sensors.readAll)
	r.disks.refresh(ctx, s.Time)
	if asked {
		if fresh, ok := r.lane.collect(ctx); ok {
			r.told = fresh
		}
	}
	if s.Time.Sub(r.told.at) <= sensorsMaxAge {
		s.Temperatures, s.GPU, s.Power = r.told.temperatures, r.told.gpu, r.told.power
	}
	s.Disks = r.disks.disks()
	s.DataDisk = r.disks.dataDisk(s.Disks)
	r.noteHung("sensors", r.lane.busy)
	for _, v := range r.disks.mounts {
		r.noteHung(v.label, v.stale)
	}
	if len(r.hung) > 2*maxMounts { // those that were unmounted meanwhile
		clear(r.hung)
	}
}

// noteHung logs when something begins to hang and when it answers again.
func (r *Reader) noteHung(what string, hangs bool) {
	if hangs == r.hung[what] {
		return
	}
	if hangs {
		r.hung[what] = true
		r.opts.Logger.Warn("reading is held up by the kernel", "what", what)
		return
	}
	delete(r.hung, what)
	r.opts.Logger.Info("reading is no longer held up", "what", what)
}

// open opens what is kept open, and looks for new sensors from time to time.
func (r *Reader) open(now time.Time) (err error) {
	if r.stat == nil {
		if r.stat, err = procfile.Open(filepath.Join(r.opts.Root, "proc/stat")); err != nil {
			return err
		}
	}
	if r.meminfo == nil {
		if r.meminfo, err = procfile.Open(filepath.Join(r.opts.Root, "proc/meminfo")); err != nil {
			return err
		}
	}
	if !r.discovered.IsZero() && now.Sub(r.discovered) < discoverEvery {
		return nil
	}
	r.discovered = now
	if r.netdev == nil {
		r.netdev = openOrNil(filepath.Join(r.opts.Root, "proc/net/dev"))
	}
	r.throttle.Close()
	r.throttle = openThrottle(r.opts.Root)
	r.frequency.discover(r.opts.Root)
	r.cpuTemp.discover(findZones(r.opts.Root), findChips(filepath.Join(r.opts.Root, "sys/class/hwmon")))
	r.network.discover()
	return nil
}

// Close releases the open files, and waits up to a second for readings that
// run. Those that hang are left to the kernel: nothing can end them. A later
// Read opens everything again.
func (r *Reader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, v := range r.disks.mounts {
		v.lane.collect(ctx)
	}
	if r.disks.data != nil {
		r.disks.data.lane.collect(ctx)
	}
	r.lane.collect(ctx)
	if !r.lane.busy { // else the files are in use
		r.sensors.close()
	}
	for _, file := range []*procfile.File{r.stat, r.meminfo, r.netdev, r.throttle} {
		file.Close()
	}
	r.stat, r.meminfo, r.netdev, r.throttle = nil, nil, nil, nil
	r.frequency.close()
	r.cpuTemp.close()
	r.disks.close()
	r.last, r.discovered = time.Time{}, time.Time{}
}
