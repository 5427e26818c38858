// Package video captures pictures from cameras and hands each of them, encoded
// once, to any number of viewers.
//
// A [Manager] keeps the streams and their configurations; a [Stream] runs one
// [Camera] while somebody watches; a [Backend] knows one kind of camera and
// lives in a folder of its own below this one. A [Viewer] is what a connection
// reads frames from.
//
//	Camera.Run ──Sink──> flow ──[JPEG of raw pictures]──┬─────────────────────> topic ──> Viewer
//	 (driver,             │                             └─[Transcoder: H264]──>   │  └─> Viewer
//	  child, socket)      └─[Pipeline: decoded once, outputs that are watched]──>─┘
//
// # Demand
//
// A stream without viewers costs nothing: no capture, no goroutine, no timer. The
// first viewer starts the camera and two seconds after the last one has gone it is
// stopped. A camera that fails is started again after a delay that doubles from
// 250 ms to 10 s and starts afresh once a frame has come; in between the stream is
// [Disabled], with the reason and since when.
//
// # Bytes
//
// [Frame.Data] is immutable from the moment it is handed over and shared by all
// viewers; nothing on the way copies it. What a source already delivers encoded
// (MJPEG, H264, HEVC) is passed through; raw pictures are encoded as JPEG once.
//
// # Bounds
//
// A stream holds at most four frames for its viewers, one for the pipeline and one
// for the encoder; whoever is late gets the newest one. A manager keeps at most
// 64 streams.
package video
