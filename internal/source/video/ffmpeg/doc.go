// Package ffmpeg runs the program ffmpeg as a child for what it does better: cameras
// on the network that speak RTSP or HLS, files of all kinds, encoding H.264 and
// decoding it.
//
// Frames go in and come out as AVI on pipes: its chunks have their length in front, so
// that a frame is passed on the moment it is complete, where a bare H.264 stream shows
// the end of a frame only with the beginning of the next.
//
// # Children
//
// Each child leads a process group of its own, which is killed and waited for when its
// context is done. Children read no configuration from us but their arguments; URLs are
// accepted only with the schemes of [Schemes], and what a playlist or a redirection
// leads to is restricted to the protocols that belong to the scheme. A password in a URL
// is an argument of the child and can be seen by the user's own processes and by root,
// but not in errors or logs.
//
// ffmpeg 4.4 or later is needed.
package ffmpeg
