package main

import (
	"context"
	"errors"
	"math"
	"os"
	"runtime"
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// newRecorder returns a recorder of this process itself: its memory and goroutines
// are what the profiler shows. Sensors move in circles, and Bluetooth sees what it
// is told to.
func newRecorder(bare bool) *recorder.Recorder {
	opts := recorder.Options{App: recorder.App{
		Name: "orders", Version: "2.4.0", PackageID: "test.example.orders", ProcessID: os.Getpid(),
	}}
	if bare {
		opts.Profiler.Disabled = true
	} else {
		opts.Profiler = recorder.ProfilerOptions{
			Sampler:   recorder.SamplerFunc(newSample),
			Abilities: recorder.Abilities{ManagedMemory: true, NativeMemory: true, GC: true, CPU: true, Threads: true, FPS: true, NativeFrameTimings: true, Jank: true},
		}
	}
	rec := recorder.New(opts)
	rec.UI.Lifecycle(recorder.StateStarted, time.Now())
	if bare {
		return rec
	}
	rec.BLE.SetAdapter(adapter{})
	for name, values := range sensors() {
		_ = rec.Sensors.Register(recorder.Sensor{Name: name, Run: recorder.Every(func(context.Context) (recorder.Reading, error) {
			return recorder.Reading{Values: values(float64(time.Now().UnixMilli()) / 1000)}, nil
		}, func(error) {})})
	}
	_ = rec.Sensors.Register(recorder.Sensor{
		Name: recorder.Barometer, Available: func() error { return errNoBarometer },
		Run: recorder.Every(func(context.Context) (recorder.Reading, error) { return recorder.Reading{}, errors.ErrUnsupported }, func(error) {}),
	})
	return rec
}

// sensors are functions of the time in seconds.
func sensors() map[string]func(t float64) map[string]float64 {
	return map[string]func(t float64) map[string]float64{
		recorder.Accelerometer: func(t float64) map[string]float64 {
			return map[string]float64{"x": 0.1 * math.Sin(t), "y": 0.1 * math.Cos(t), "z": 1 + 0.02*math.Sin(5*t)}
		},
		recorder.Compass: func(t float64) map[string]float64 {
			return map[string]float64{"heading": math.Mod(t*10, 360), "accuracy": 2}
		},
		"tank-level": func(t float64) map[string]float64 {
			return map[string]float64{"litres": 40 + 10*math.Sin(t/5), "inflow": 1.5}
		},
	}
}

// newSample measures this process.
func newSample() func(context.Context) (recorder.Sample, error) {
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	return func(context.Context) (recorder.Sample, error) {
		var now runtime.MemStats
		runtime.ReadMemStats(&now)
		collections := int64(now.NumGC - before.NumGC)
		before = now
		phase := time.Since(began).Seconds()
		cpu, resident, threads := 12+10*math.Sin(phase), int64(now.Sys), int64(runtime.NumGoroutine())
		fps, frame := 58+2*math.Sin(3*phase), 16.9
		return recorder.Sample{
			ManagedBytes: int64(now.HeapAlloc), GC0: collections, NativeBytes: &resident, NativeKind: "resident",
			CPUPercent: &cpu, Threads: &threads, FPS: &fps, FrameP50: &frame, FrameSource: "test",
		}, nil
	}
}

// adapter is a Bluetooth adapter that can be told to scan.
type adapter struct{}

func (adapter) Scan(context.Context, func(error)) (func(), error)    { return func() {}, nil }
func (adapter) Monitor(context.Context, func(error)) (func(), error) { return func() {}, nil }
