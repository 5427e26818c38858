// Package imaging has image processors in pure Go and composes them into
// pipelines: ordered lists whose steps each offer an image output, and some of
// them a data output as well.
//
// It knows no cameras and no protocol. Pictures are RGBA with 8 bits a channel.
// A processor may change the picture that it is given, or return another one.
// Processors keep state between pictures where their task needs it (motion) and
// are used by one goroutine.
package imaging
