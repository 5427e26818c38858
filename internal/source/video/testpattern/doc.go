// Package testpattern is a camera without a device: a picture with colour bars, a
// moving square, the number of the frame and the time, for trying things out and for
// measuring.
//
// # The bar that programs read
//
// The lowest rows of the picture are a bar that carries the number of the frame, so
// that a test can read it from pixels. It is [BarHeight] rows high: a twentieth of the
// height, rounded down to a multiple of 16, at least 16. It has 40 cells; cell i goes
// from column i*width/40 up to (i+1)*width/40, both rounded down. A cell is white (1) or
// black (0); to read it, take the brightness at its centre. From the left:
//
//	cells 0-3    1 0 1 0, the mark
//	cells 4-35   the number, 32 bits, the highest first
//	cells 36-39  exclusive or of the eight groups of four bits of the number
//
// # Cost
//
// Only what changes is drawn and encoded: see stripjpeg.Canvas. The static parts of
// the picture cost a copy of their encoded bytes.
package testpattern
