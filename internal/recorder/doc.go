// Package recorder is the model of one running application: what it logs, the
// HTTP exchanges it makes, its Bluetooth and user interface events, its profile,
// its sensors, and the device it runs on. It knows no protocol. Whoever looks into
// an application records here (the SDK, the runner of child processes, the reader
// of a browser's debug port, the device); whoever shows it reads here.
//
//	producer ──Record──> Logs, Network, BLE, UI, Profiler, Sensors ──> readers
//
// # Producers
//
// A producer asks first whether a record is wanted, and only then builds it:
//
//	if rec.Logs.Wants(recorder.Info) {
//		rec.Logs.Record(recorder.LogEntry{Level: recorder.Info, Category: "store", Message: text})
//	}
//
// All methods that record are safe for concurrent use, never block on a reader and
// never fail. They take ownership of slices and maps in what they are given. A zero
// time means now. Text is cut to the bounds below.
//
// # Cost when nobody listens
//
// [Always] records from the beginning. It is for producers that run beside the
// application, in another process: the application does not pay. Changes of the tree of elements are the exception: they
// are never kept, and cost it something in every case, so they are recorded while somebody reads.
//
// [OnDemand] is for the SDK, inside the application. Wants is one atomic load, below
// 2 ns and without an allocation (BenchmarkUnobserved), and is false until somebody
// is interested: a stream is open, a snapshot was asked for, or, for exchanges, a
// profiler session runs. From then on everything is recorded for as long as the
// interest lasts and [Options].Keep (10 minutes) after it, so that a client that
// reconnects or polls gets a replay without a hole. What must not be missed from the
// time before is recorded always, because it is rare: log entries from
// [Options].KeepLevel (warning) up, lifecycle changes, navigation, alerts and unhandled
// errors of the user interface, and Bluetooth events. So the first client finds the errors
// that made it look, and no ring is filled for nobody.
//
// An unobserved producer could instead have written into a preallocated ring. That
// was not taken: a log record's attributes have to be formatted before the call
// returns, since they may change after it, which costs several hundred nanoseconds.
//
// # Readers
//
// Open returns what is held and a subscription to what follows, taken in one step:
// neither gap nor overlap. A reader that falls more than [Window] items behind is ended
// with [topic.ErrLagged]; producers do not notice.
//
// # Bounds
//
//	log entries         1000, 8 MiB; message and exception 64 KiB, category 1 KiB
//	exchanges           500; headers and bodies of all together 32 MiB, oldest go first;
//	                    a body 256 KiB, a URL 16 KiB, the headers of one side 64 KiB
//	Bluetooth events    2000, 8 MiB; data 4096 characters
//	profiler            20000 samples, markers and spans each; texts 4 KiB
//	user interface      the present state; texts 64 KiB
//	unread live items   4096 and 8 MiB per stream kind, shared by all its readers
//
// A capacity of 0 keeps nothing: streams see live items only.
package recorder
