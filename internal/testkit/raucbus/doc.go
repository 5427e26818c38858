// Package raucbus starts RAUC for tests: the real service on a D-Bus of its own,
// with two slots that are files, a boot loader that is a shell script, and a
// signing key made on the spot. Nothing of the machine is touched but a loop
// device, and that in a mount namespace of the service.
package raucbus
