package cameras

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// python is the system's interpreter, which has the bindings of GStreamer.
const python = "/usr/bin/python3"

// script is the RTSP server. It reads its standard input to end with the test.
const script = `
import sys, threading, os
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer, GLib
Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(sys.argv[2])
factory.set_shared(True)
server.get_mount_points().add_factory("/cam", factory)
if server.attach(None) == 0:
    sys.exit("the port is in use")
print("ready", flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
GLib.MainLoop().run()
`

// launch is what the camera shows: 320 x 240, 15 frames a second, H.264, a key frame
// each second, parameter sets only in the description.
const launch = `( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ` +
	`! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! video/x-h264,profile=baseline ` +
	`! rtph264pay name=pay0 pt=96 config-interval=0 )`

// RTSP is GStreamer's RTSP server on loopback.
type RTSP struct {
	t     testing.TB
	port  string
	cmd   *exec.Cmd
	stdin io.Closer
}

// StartRTSP starts a server that is stopped when the test ends. Where GStreamer is not
// installed the test is skipped, and fails if the environment has CI=true.
func StartRTSP(t testing.TB) *RTSP {
	t.Helper()
	out, err := exec.Command(python, "-c", `
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst
Gst.init(None)
assert Gst.ElementFactory.find("x264enc") and Gst.ElementFactory.find("rtph264pay")`).CombinedOutput()
	if err != nil {
		Missing(t, fmt.Sprintf("GStreamer's RTSP server is missing: %v: %s", err, out))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_ = l.Close()
	c := &RTSP{t: t, port: port}
	t.Cleanup(c.Kill)
	c.Restart()
	return c
}

// Missing skips a test that lacks a component, or fails it if the environment has
// CI=true.
func Missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// NeedFFmpeg skips a test where ffmpeg is not installed, see Missing.
func NeedFFmpeg(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		Missing(t, err.Error())
	}
}

// URL returns where the camera is.
func (c *RTSP) URL() string { return "rtsp://127.0.0.1:" + c.port + "/cam" }

// Restart starts the server again after Kill, on the same port. It returns when
// clients can connect.
func (c *RTSP) Restart() {
	c.t.Helper()
	cmd := exec.Command(python, "-c", script, c.port, launch)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		c.t.Fatal(err)
	}
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.cmd, c.stdin = cmd, stdin
	late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "ready\n" {
		c.Kill()
		c.t.Fatalf("the RTSP server does not start: %q, %v: %s", line, err, said.String())
	}
}

// Kill ends the server at once. Killing twice is allowed.
func (c *RTSP) Kill() {
	if c.cmd == nil {
		return
	}
	_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
	_ = c.cmd.Wait() // says only that it was killed
	_ = c.stdin.Close()
	c.cmd = nil
}
