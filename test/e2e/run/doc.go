// Package run tests `heliograph run` with real programs: in Node, Python, Go and
// shell, none of which knows of heliograph.
package run
