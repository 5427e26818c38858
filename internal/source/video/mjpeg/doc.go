// Package mjpeg reads cameras on the network that speak Motion JPEG over HTTP
// (multipart/x-mixed-replace), and those that only give single pictures.
//
// Cameras take the standards lightly. Accepted are boundaries with and without the
// leading dashes, quoted or missing from the header, parts with and without a length,
// lines that end in LF alone, and preambles. What a camera may make the program hold is
// bounded: 8 KiB of header per part and [Options.MaxFrame] bytes per picture.
package mjpeg
