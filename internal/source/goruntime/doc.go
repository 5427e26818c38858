// Package goruntime measures the Go program that it is part of, for the profiler:
// heap, garbage collections, resident memory, CPU, threads, and as markers what a
// sample has no member for.
//
// Once per sampling period of a session there is a marker of the type runtime.go
// whose payload is a JSON object:
//
//	goroutines        how many there are
//	schedLatencyP50Us, schedLatencyP99Us, schedLatencyMaxUs
//	                  how long goroutines waited to run, since the last sample
//	gcPauseP99Us, gcPauseMaxUs
//	                  how long the program stood still for collections
//	heapLiveBytes, heapGoalBytes, memoryTotalBytes
//
// and one of the type gc whenever there were collections. Latencies come from
// histograms of the runtime: the upper ends of their buckets are told. Members
// without a figure are left out.
//
// Figures come from runtime/metrics and are read without stopping the program.
// Nothing is measured without a session.
package goruntime
