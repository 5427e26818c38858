// Package access says who asks and what they may do.
//
// The server puts an [Identity] into the context of every request; a protocol
// asks [Require] before it does something. The package is a leaf: it imports
// nothing of ours and knows neither tokens nor HTTP, so that a protocol can
// authorise without seeing how somebody came in.
//
// # Scopes
//
// Scopes form one line, each implies everything to its left:
//
//	view  <  control  <  console  <  admin
//
//	view     read everything that is not a secret: telemetry, processes, logs, lists, metrics
//	control  change the device through the API: settings, peripherals, streams, updates
//	console  open shells. A shell runs as the user of the server and can therefore do
//	         whatever control can, which is why it implies control
//	admin    everything, including what concerns the server itself
package access
