package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/heliograph/heliograph/internal/procfile"
)

// maxGap is how far apart two scans may be for the second to tell CPU shares.
// An average over the time in which nobody was watching would look current.
const maxGap = 30 * time.Second

// Options say where to read.
type Options struct {
	// Root is the folder that holds "proc"; empty means "/".
	Root string
	// Logger gets a record when processes are hidden from us; nil means no log.
	Logger *slog.Logger
}

// Process is one process as it was when the scan came to it.
type Process struct {
	PID uint32
	// Name is the kernel's short name: at most 15 bytes for programs, longer
	// for kernel workers. Valid UTF-8, but any characters.
	Name string
	// CPUPercent is the share of the whole machine, 0 to 100, since the
	// previous scan; 0 in the first scan and for a process that is new.
	CPUPercent float64
	// Memory is the resident size in bytes, see the package comment.
	Memory uint64
	// VirtualMemory is the size of the address space in bytes.
	VirtualMemory uint64
	Status        Status
	// Kernel tells that this is a thread of the kernel.
	Kernel bool
	// Cmd are the arguments, of valid UTF-8; nil for kernel threads, zombies
	// and processes that have none. At most 4096 bytes and 256 arguments are
	// kept. The slice is shared between snapshots and must not be changed.
	Cmd []string
}

// Snapshot is the result of one scan. It belongs to the caller, apart from Cmd.
type Snapshot struct {
	Time        time.Time // when the scan began
	TotalMemory uint64    // bytes
	UsedMemory  uint64    // bytes, without what the kernel gives back on demand
	// Processes are sorted by CPU share falling, then by memory falling, then
	// by pid rising.
	Processes []Process
	// Hidden counts processes of which the kernel tells us no more than that
	// they exist (hidepid=1). With hidepid=2 they are not even counted.
	Hidden int
}

// Reader scans the process table. Command lines are kept from scan to scan for
// the processes that live. One is read again when its process executes another
// program, and in any case every 30 scans, for programs that change their
// title. A Reader is safe for concurrent use; scans then follow one another.
type Reader struct {
	opts   Options
	page   uint64
	logger *slog.Logger

	mu       sync.Mutex
	proc     *dir
	meminfo  *procfile.File
	cpus     *procfile.File
	scans    uint64
	last     time.Time // of the previous scan
	known    map[uint32]*entry
	cmdBytes int
	pids     []uint32
	buf      []byte
	hidden   bool // whether hidden processes were logged
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
		opts:   opts,
		page:   uint64(os.Getpagesize()),
		logger: opts.Logger,
		known:  make(map[uint32]*entry),
		buf:    make([]byte, maxCmdBytes),
	}
}

// Read scans all processes. Processes that end meanwhile are left out. It
// blocks only for as long as the kernel takes and ends early with the cause of
// ctx. A machine without /proc gives an error that is fs.ErrNotExist.
func (r *Reader) Read(ctx context.Context) (Snapshot, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.open(); err != nil {
		return Snapshot{}, err
	}
	text, err := r.meminfo.Read()
	if err != nil {
		return Snapshot{}, r.failed(err)
	}
	memory, err := procfile.ParseMeminfo(text)
	if err != nil {
		return Snapshot{}, err
	}
	if text, err = r.cpus.Read(); err != nil {
		return Snapshot{}, r.failed(err)
	}
	cores := procfile.CountCores(text)

	s := Snapshot{Time: time.Now(), TotalMemory: memory.Total, UsedMemory: memory.Used()}
	if r.pids, err = r.proc.pids(r.pids[:0]); err != nil {
		return Snapshot{}, r.failed(err)
	}
	if err := r.scan(ctx, &s, cores); err != nil {
		return Snapshot{}, err
	}
	r.noteHidden(s.Hidden)
	slices.SortFunc(s.Processes, byShare)
	return s, nil
}

// open opens what is kept open between scans.
func (r *Reader) open() (err error) {
	if r.proc != nil {
		return nil
	}
	path := filepath.Join(r.opts.Root, "proc")
	proc, err := openDir(path)
	if err != nil {
		return err
	}
	if r.meminfo, err = procfile.Open(filepath.Join(path, "meminfo")); err == nil {
		r.cpus, err = procfile.Open(filepath.Join(path, "stat"))
	}
	if err != nil {
		proc.close()
		r.meminfo.Close()
		return err
	}
	r.proc = proc
	return nil
}

// failed closes everything, so that the next Read starts afresh.
func (r *Reader) failed(err error) error {
	r.release()
	return err
}

// scan reads the processes that r.pids names.
func (r *Reader) scan(ctx context.Context, s *Snapshot, cores int) error {
	elapsed := s.Time.Sub(r.last)
	perTick := 0.0 // share of the machine that one tick stands for, in percent
	if !r.last.IsZero() && elapsed > 0 && elapsed <= maxGap {
		perTick = 1 / (elapsed.Seconds() * float64(cores))
	}
	r.scans++
	s.Processes = make([]Process, 0, len(r.pids))
	for i, pid := range r.pids {
		if i%64 == 0 && ctx.Err() != nil {
			// The entries seen so far have moved on, so the next scan is a first one.
			r.last = time.Time{}
			return context.Cause(ctx)
		}
		p, err := r.one(pid, perTick)
		switch {
		case err == nil:
			s.Processes = append(s.Processes, p)
		case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
			s.Hidden++
		case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE), errors.Is(err, unix.ENOMEM):
			// Not the end of that process but a shortage of ours.
			r.last = time.Time{}
			return fmt.Errorf("read process %d: %w", pid, err)
		}
	}
	r.forget()
	r.last = s.Time
	return nil
}

// noteHidden logs once that the list is not whole.
func (r *Reader) noteHidden(count int) {
	if hidden := count > 0; hidden != r.hidden {
		r.hidden = hidden
		r.logger.Info("processes of other users are hidden from us", "hidden", count)
	}
}

// Close releases the open files. A later Read opens them again.
func (r *Reader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release()
}

func (r *Reader) release() {
	if r.proc == nil {
		return
	}
	r.proc.close()
	r.meminfo.Close()
	r.cpus.Close()
	r.proc = nil
}

func byShare(a, b Process) int {
	if c := cmp.Compare(b.CPUPercent, a.CPUPercent); c != 0 {
		return c
	}
	if c := cmp.Compare(b.Memory, a.Memory); c != 0 {
		return c
	}
	return cmp.Compare(a.PID, b.PID)
}
