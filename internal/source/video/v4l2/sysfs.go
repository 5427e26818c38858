package v4l2

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/heliograph/heliograph/internal/source/video"
)

// found is a video node of sysfs.
type found struct {
	path string // of the device node
	name string
	keys []string
	bus  string // where the device is plugged in, for people
}

// nodeName is what video nodes are called.
var nodeName = regexp.MustCompile(`^video[0-9]{1,4}$`)

// nodes lists the video nodes there are, sorted by number of the node's name. A system
// without video devices has none.
func (b *Backend) nodes() ([]found, error) {
	class := filepath.Join(b.opts.Sys, "class/video4linux")
	entries, err := os.ReadDir(class)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list video devices: %w", err)
	}
	var list []found
	for _, e := range entries {
		if nodeName.MatchString(e.Name()) {
			list = append(list, b.node(filepath.Join(class, e.Name()), e.Name()))
		}
	}
	slices.SortFunc(list, func(x, y found) int {
		if len(x.path) != len(y.path) {
			return len(x.path) - len(y.path)
		}
		return strings.Compare(x.path, y.path)
	})
	return list, nil
}

// attribute reads a small file of sysfs, "" if there is none.
func attribute(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	var b [256]byte
	n, _ := f.Read(b[:])
	return strings.TrimSpace(strings.ToValidUTF8(string(b[:n]), "?"))
}

// node reads what sysfs tells of a node.
func (b *Backend) node(folder, name string) found {
	n := found{path: filepath.Join(b.opts.Dev, name), name: attribute(filepath.Join(folder, "name"))}
	index := attribute(filepath.Join(folder, "index"))
	device, err := filepath.EvalSymlinks(filepath.Join(folder, "device"))
	if err != nil {
		// A virtual driver: its name is all there is.
		n.keys = []string{"virtual:" + n.name + ":" + index}
		return n
	}
	root, err := filepath.EvalSymlinks(b.opts.Sys)
	if err != nil {
		root = b.opts.Sys
	}
	n.bus = filepath.Base(device)
	for dir := device; len(dir) > len(root); dir = filepath.Dir(dir) {
		vendor, product := attribute(filepath.Join(dir, "idVendor")), attribute(filepath.Join(dir, "idProduct"))
		if vendor == "" {
			continue
		}
		if serial := attribute(filepath.Join(dir, "serial")); serial != "" {
			n.keys = append(n.keys, "usb:"+vendor+":"+product+":"+serial+":"+index)
		}
		n.bus = filepath.Base(dir)
		n.keys = append(n.keys, "usb-port:"+n.bus+":"+vendor+":"+product+":"+index)
		return n
	}
	n.keys = []string{"device:" + n.bus + ":" + index}
	return n
}

// resolve returns the node of a configuration: the one at its path if it has no keys or
// one of them fits, else the only one that has the first key that fits any.
func (b *Backend) resolve(c video.Capture) (string, error) {
	path, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		path = c.Path
	}
	list, err := b.nodes()
	if err != nil {
		return "", err
	}
	at := slices.IndexFunc(list, func(n found) bool { return n.path == path })
	if len(c.DeviceKeys) == 0 {
		if at < 0 {
			return "", fmt.Errorf("find %s: %w", c.Path, video.ErrAbsent)
		}
		return path, nil
	}
	for _, key := range c.DeviceKeys {
		if at >= 0 && slices.Contains(list[at].keys, key) {
			return path, nil
		}
		var fits []string
		for _, n := range list {
			if slices.Contains(n.keys, key) {
				fits = append(fits, n.path)
			}
		}
		if len(fits) == 1 {
			return fits[0], nil
		}
	}
	return "", fmt.Errorf("find the camera of %s: %w", c.Path, video.ErrAbsent)
}
