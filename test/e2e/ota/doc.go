// Package ota tests updates of the device against the running binary, with all
// engines: the built-in one on slots that are files, a real RAUC on a D-Bus of its
// own, and the simulated one. Each test names the sections of the contract that it
// is about.
package ota
