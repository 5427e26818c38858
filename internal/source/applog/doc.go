// Package applog is a slog.Handler that makes log entries of slog records.
//
//	record ──Handle──> next handler
//	          └─ if somebody wants it ──> recorder.Logs
//
// # What becomes of a record
//
// The message and the attributes become one text, as slog.TextHandler writes them:
//
//	order shipped id=17 customer.name="Ann B"
//
// An attribute called logger or component, or else the path of the open groups,
// becomes the category. Errors, and texts called stack or stacktrace, are told in
// the exception as well, each error with those that it wraps. Levels between the
// names of slog are rounded down; from slog.LevelError+4 on a record is critical,
// below slog.LevelDebug it is trace.
//
// # Cost
//
// While nobody wants a record the handler costs what the next one does and one
// atomic load. Values of With that may change later are formatted at once.
package applog
