package process

// Cache describes what a reader keeps.
type Cache struct{ Processes, CmdBytes int }

// CacheOf returns what the reader keeps from scan to scan.
func CacheOf(r *Reader) Cache {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Cache{Processes: len(r.known), CmdBytes: r.cmdBytes}
}
