// Package cdp looks into a page of a browser, an Electron application or an Android
// WebView through the Chrome DevTools Protocol, and records what it sees: requests
// with their bodies, the console, navigation, life cycle, changes of elements,
// dialogs, unhandled errors, and figures while a profiler session runs.
//
//	/json/list ──> one target ──WebSocket──> page ──> recorder.Recorder
//	                                          ├─ iframes of other sites, workers: sessions on the same socket
//	                                          └─ probe: a script in a world of its own
//
// # What the page notices
//
// Nothing stops it: targets are not held at their start, breakpoints are not switched on,
// dialogs are left to whoever sees them. The probe runs in an isolated world, where the
// page's scripts do not find it, and does nothing but listen for changes of visibility
// until somebody watches elements or a profiler session runs. Objects that were logged are
// given free. At the end the probe is told to stop and all is switched off; if this process
// is killed, the browser does the rest and the probe stops after 15 s.
//
// # Where a target is chosen
//
// Without a name it is the first page, and the next one when that is closed. A name is an id, or a
// part of the URL or the title, in any case. When the browser is gone it is looked for until it is
// back, every two seconds at the least.
//
// # What is not seen
//
// Requests that a worker or an iframe of another site sends in the moments before its
// session is there. Bodies of more than 4 MiB, of which the browser would keep all: their
// size is told and they are marked as cut. What other DevTools clients do, such as
// breakpoints. Elements in closed shadow trees.
//
// # Bounds
//
//	a message of the browser  16 MiB; longer ones are left out, and it is told
//	open exchanges            4096; further ones are left out, and it is told
//	bodies being fetched      16
//	sessions, documents       64 and 256
//	changes of elements       100 per 100 ms and document; the rest is counted and told
//	a browser's list          4 MiB
package cdp
