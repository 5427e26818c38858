package helios

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/procfs"

	wire "github.com/heliograph/heliograph/client/helios"
)

// memoryAge is how old the memory figures of the program may be. Reading them makes
// the kernel walk its page tables, and all streams tell the same.
const memoryAge = 250 * time.Millisecond

// memoryGauge reads what memory the program uses, from /proc/self, at most once per
// memoryAge. It is safe for concurrent use.
type memoryGauge struct {
	proc string // where procfs is mounted
	log  *slog.Logger

	mu     sync.Mutex
	newest *wire.ProcessMemory // shared, never changed; nil if it cannot be read
	at     time.Time
}

// read returns the memory of the program, or nil if the kernel does not tell. The
// result is shared and must not be changed.
func (g *memoryGauge) read() *wire.ProcessMemory {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.at.IsZero() && time.Since(g.at) < memoryAge {
		return g.newest
	}
	newest, err := readMemory(g.proc)
	if err != nil {
		g.log.Debug("memory of the program not read", "err", err)
	}
	g.newest, g.at = newest, time.Now()
	return newest
}

func readMemory(root string) (*wire.ProcessMemory, error) {
	fs, err := procfs.NewFS(root)
	if err != nil {
		return nil, err
	}
	self, err := fs.Self()
	if err != nil {
		return nil, err
	}
	status, err := self.NewStatus()
	if err != nil {
		return nil, err
	}
	out := &wire.ProcessMemory{
		SampledAtMS: nowMS(), RssBytes: status.VmRSS, RssAnonBytes: status.RssAnon, RssFileBytes: status.RssFile,
		RssShmemBytes: status.RssShmem, VMDataBytes: status.VmData, SwapBytes: status.VmSwap,
	}
	if rollup, err := self.ProcSMapsRollup(); err == nil { // kernels before 4.14 have none
		out.PssBytes = &rollup.Pss
	}
	return out, nil
}
