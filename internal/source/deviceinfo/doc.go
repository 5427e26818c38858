// Package deviceinfo answers the questions of recorder.Device about a Linux device:
// what it is, its screen, its battery and its network. Everything is read when it is
// asked for, from small files below /proc, /sys and /etc; nothing is kept, and nobody
// is asked over the network. On other systems only the name is known.
package deviceinfo
