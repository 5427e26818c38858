// Package host tells what machine this is and which system runs on it: its
// operating system, name, kernel, model and start. Everything is read when it
// is asked for; nothing is kept. All functions take the root of the file system
// to read, "/" for this machine.
package host
