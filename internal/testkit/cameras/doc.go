// Package cameras has cameras for tests: an HTTP camera (Motion JPEG) and a real RTSP
// server, both of which can be killed and started again on the same port, and a sink
// that records what a camera delivers.
package cameras
