package applog

import (
	"fmt"
	"strings"
)

// Bounds of what is told of one error.
const (
	maxErrors = 32 // that it wraps, itself included
	maxDepth  = 16
)

// chain tells an error and those that it wraps, a line each with its type:
//
//	*fmt.wrapError: open store: open /data/x: permission denied
//	*fs.PathError: open /data/x: permission denied
//	syscall.Errno: permission denied
//
// An error that has more to say of itself, such as where it was made, says it.
func chain(err error) string {
	var lines []string
	collect(err, 0, &lines)
	return strings.Join(lines, "\n")
}

func collect(err error, depth int, lines *[]string) {
	if err == nil || depth > maxDepth || len(*lines) >= maxErrors {
		return
	}
	short := fmt.Sprintf("%v", err)
	if depth == 0 {
		if long := fmt.Sprintf("%+v", err); long != short && strings.Contains(long, "\n") {
			*lines = append(*lines, long)
			return
		}
	}
	*lines = append(*lines, fmt.Sprintf("%T: %s", err, short))
	for _, inner := range unwrap(err) {
		collect(inner, depth+1, lines)
	}
}

// unwrap returns the errors that one wraps. An error that panics wraps none.
func unwrap(err error) (inner []error) {
	defer func() {
		if recover() != nil {
			inner = nil
		}
	}()
	switch e := any(err).(type) { // this error itself, not one that it wraps
	case interface{ Unwrap() error }:
		return []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		return e.Unwrap()
	}
	return nil
}
