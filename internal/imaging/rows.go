package imaging

import (
	"runtime"
	"sync"
)

// minRows is how many rows are worth a goroutine.
const minRows = 64

// eachRows divides the rows 0 to n among the processors and waits. f works on the rows
// from..to-1; its calls run at the same time.
func eachRows(n int, f func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n/minRows)
	if parts < 2 {
		f(0, n)
		return
	}
	var workers sync.WaitGroup
	for i := range parts - 1 {
		workers.Go(func() { f(i*n/parts, (i+1)*n/parts) })
	}
	f((parts-1)*n/parts, n)
	workers.Wait()
}
