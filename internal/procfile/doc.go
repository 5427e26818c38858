// Package procfile reads and parses the kernel's text files under /proc and
// /sys for the sources that sample them again and again.
//
// [File] keeps a file open and reads it from its start into a buffer of its
// own, which is what makes a reading once per second cheap. The parsers take
// bytes, allocate as little as they can, and never panic: what they cannot
// understand they leave out or refuse with an error.
package procfile
