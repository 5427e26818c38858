package ffmpeg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/heliograph/heliograph/internal/source/video"
)

// Schemes returns the schemes of URLs that are accepted.
func Schemes() []string { return []string{"rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt"} }

// protocols returns what may be used to get what a URL of the scheme leads to; "file"
// is for paths.
func protocols(scheme string) string {
	switch scheme {
	case "rtsp":
		return "rtsp,rtp,tcp,udp"
	case "rtsps":
		return "rtsp,rtp,tcp,udp,tls,crypto"
	case "rtmp":
		return "rtmp,tcp"
	case "rtmps":
		return "rtmps,rtmp,tcp,tls,crypto"
	case "srt":
		return "srt,udp"
	case "http", "https":
		return "http,https,httpproxy,tcp,tls,crypto"
	}
	return "file"
}

// containers are the forms of video that a file, or what a URL leads to, may have.
// Missing are those that show text as a picture (tty), and those that lead to other
// files (concat, playlists).
const containers = "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,mjpeg,h264,hevc,av1,obu,ivf,flv,ogg,asf,wtv,mxf,nut,dv,rm,gif,apng," +
	"image2,jpeg_pipe,png_pipe,webp_pipe,bmp_pipe,tiff_pipe,yuv4mpegpipe"

// demuxers returns the forms that may be read from a source of the scheme.
func demuxers(scheme string) string {
	switch scheme {
	case "rtsp", "rtsps":
		return "rtsp,mpegts"
	case "rtmp", "rtmps":
		return "flv,live_flv"
	case "http", "https":
		return containers + ",mpjpeg,hls,dash,aac,mp3,ac3,eac3,webvtt"
	}
	return containers
}

// Present implements video.Presence. A file must be a regular one: only to open
// another one may do something, as with a watchdog, or never return.
func (c *camera) Present() error {
	if c.cfg.URL != "" || len(c.cfg.Paths) == 0 {
		return nil
	}
	path := c.cfg.Paths[0]
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", video.ErrAbsent, err)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("open %s: %w: it is no file", path, video.ErrUnsupported)
	}
	return nil
}
