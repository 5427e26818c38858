package goruntime

import (
	"math"
	"runtime/metrics"
	"slices"
)

// histogram is one of the runtime's, or what was added to it.
type histogram struct {
	counts  []uint64
	buckets []float64 // bounds: bucket i is from i to i+1
	total   uint64
}

// advance returns what was added since the last call, and takes note of v.
func (h *histogram) advance(v metrics.Value) histogram {
	if v.Kind() != metrics.KindFloat64Histogram {
		return histogram{}
	}
	now := v.Float64Histogram()
	added := histogram{counts: make([]uint64, len(now.Counts)), buckets: now.Buckets}
	for i, n := range now.Counts {
		if i < len(h.counts) && h.counts[i] <= n {
			n -= h.counts[i]
		}
		added.counts[i] = n
		added.total += n
	}
	// The runtime uses the memory of a histogram again.
	h.counts = append(h.counts[:0], now.Counts...)
	added.buckets = slices.Clone(now.Buckets)
	return added
}

// quantile returns the upper end of the bucket in which the share q of all values
// ends, or the lower end where the bucket has no upper one.
func (h *histogram) quantile(q float64) float64 {
	rank := uint64(math.Ceil(q * float64(h.total)))
	seen := uint64(0)
	for i, n := range h.counts {
		if seen += n; n == 0 || seen < rank {
			continue
		}
		if end := h.buckets[i+1]; !math.IsInf(end, 0) {
			return end
		}
		return max(h.buckets[i], 0)
	}
	return 0
}
