package telemetry

import (
	"context"
	"math"
	"math/bits"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
)

const (
	// maxStuck is how many remote filesystems may hang before no other remote
	// one is asked. Each that hangs holds a thread.
	maxStuck = 8
	// mountsEvery is how often the mount table is read although the kernel did
	// not announce a change.
	mountsEvery = 30 * time.Second
)

// space is the size of a filesystem. It is of no use if ok is false.
type space struct {
	total, used, free uint64
	ok                bool
}

// diskMeter reads the size of all filesystems.
type diskMeter struct {
	root    string
	dataDir string
	statfs  func(path string) space // may block for ever
	table   *procfile.File          // mountinfo
	read    time.Time               // when table was read
	mounts  []*volume
	data    *volume // of the data folder; nil without one
}

// volume is a filesystem with its last known size.
type volume struct {
	mount
	path  string
	lane  lane[space]
	last  space
	asked bool // in the round in progress
	stale bool
}

// refresh reads the mount table if it has changed, and asks all filesystems.
// What does not answer until ctx is done stays as it was.
func (m *diskMeter) refresh(ctx context.Context, now time.Time) {
	m.readTable(now)
	all := m.mounts
	if m.data != nil {
		all = append(all[:len(all):len(all)], m.data)
	}
	stuck := 0
	for _, v := range all {
		if late, ok := v.lane.poll(); ok {
			v.last = late
		}
		if v.lane.busy && v.remote {
			stuck++
		}
	}
	for _, v := range all {
		v.asked = false
		if !v.remote || stuck < maxStuck {
			v.asked = v.lane.start(func() space { return m.statfs(v.path) })
		}
		v.stale = !v.asked
	}
	for _, v := range all {
		if !v.asked {
			continue // one that hangs is waited for once only
		}
		s, answered := v.lane.collect(ctx)
		if answered {
			v.last = s
		}
		v.stale = !answered
	}
}

// readTable reads the mount table. Filesystems that stay keep what is known of
// them; one that hangs and is unmounted is left to its goroutine.
func (m *diskMeter) readTable(now time.Time) {
	if m.table == nil {
		if m.table = openOrNil(filepath.Join(m.root, "proc/self/mountinfo")); m.table == nil {
			return
		}
	} else if !m.table.Changed() && now.Sub(m.read) < mountsEvery {
		return
	}
	text, err := m.table.Read()
	if err != nil {
		m.close() // the table of another namespace may have ended with it
		return
	}
	m.read = now
	known := make(map[mount]*volume, len(m.mounts))
	for _, v := range m.mounts {
		known[v.mount] = v
	}
	m.mounts = nil
	for _, chosen := range realMounts(procfile.ParseMountinfo(text)) {
		v := known[chosen]
		if v == nil {
			v = &volume{mount: chosen, path: filepath.Join(m.root, chosen.point)}
		}
		m.mounts = append(m.mounts, v)
	}
	if m.dataDir != "" && m.data == nil {
		m.data = &volume{mount: mount{label: m.dataDir}, path: m.dataDir}
	}
}

// disks returns the filesystems of which a size is known. Those of no size are
// not real, whatever their type says.
func (m *diskMeter) disks() []Disk {
	list := make([]Disk, 0, len(m.mounts))
	for _, v := range m.mounts {
		if v.last.ok {
			list = append(list, v.disk())
		}
	}
	return list
}

// dataDisk returns the filesystem of the data folder, or else the sum of the
// others, or nil if there are none.
func (m *diskMeter) dataDisk(disks []Disk) *Disk {
	if m.data != nil && m.data.last.ok {
		d := m.data.disk()
		return &d
	}
	if len(disks) == 0 {
		return nil
	}
	var sum Disk
	for _, d := range disks {
		sum.Total = sumOf(sum.Total, d.Total)
		sum.Used = sumOf(sum.Used, d.Used)
		sum.Free = sumOf(sum.Free, d.Free)
		sum.Stale = sum.Stale || d.Stale
	}
	return &sum
}

func (v *volume) disk() Disk {
	return Disk{Mount: v.label, Type: v.kind, Total: v.last.total, Used: v.last.used, Free: v.last.free, Stale: v.stale}
}

func (m *diskMeter) close() {
	m.table.Close()
	m.table = nil
}

// statfs asks the kernel for the size of the filesystem that holds a folder.
// It blocks for as long as the filesystem does. Mount points that are files,
// as containers have them for /etc/hosts, are none of our filesystems.
func statfs(path string) space {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return space{}
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return space{}
	}
	size := uint64(fs.Frsize)
	if size == 0 {
		size = uint64(fs.Bsize)
	}
	total := product(fs.Blocks, size)
	return space{
		total: total,
		used:  product(fs.Blocks-min(fs.Bfree, fs.Blocks), size),
		free:  min(product(fs.Bavail, size), total),
		ok:    total > 0,
	}
}

// product multiplies without running over: some remote filesystems claim to be
// endless.
func product(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	if high > 0 {
		return math.MaxUint64
	}
	return low
}

// sumOf adds without running over.
func sumOf(a, b uint64) uint64 {
	sum, carry := bits.Add64(a, b, 0)
	if carry > 0 {
		return math.MaxUint64
	}
	return sum
}
