package procfile

import (
	"bytes"
	"strings"
)

// Mount is one line of /proc/self/mountinfo, see proc_pid_mountinfo(5).
type Mount struct {
	Device string // "major:minor" of the filesystem
	Root   string // the folder of the filesystem that is mounted
	Point  string // where it is mounted
	Type   string // filesystem type, for example "ext4" or "fuse.sshfs"
	Source string // filesystem specific, often a device; may be empty
}

// ParseMountinfo parses the content of mountinfo. Lines that it does not
// understand are left out. The octal escapes of white space in paths are
// resolved and bytes that are not UTF-8 are kept, since the path must reach
// the kernel unchanged.
func ParseMountinfo(b []byte) []Mount {
	var mounts []Mount
	for len(b) > 0 {
		var line []byte
		line, b = Line(b)
		if m, ok := parseMount(line); ok {
			mounts = append(mounts, m)
		}
	}
	return mounts
}

func parseMount(line []byte) (Mount, bool) {
	// The optional fields before the dash vary in number, and a dash may occur
	// in any path, but only as part of a word.
	left, right, ok := bytes.Cut(line, []byte(" - "))
	if !ok {
		return Mount{}, false
	}
	var m Mount
	var word []byte
	_, left = Field(left) // id
	_, left = Field(left) // id of the parent
	word, left = Field(left)
	m.Device = string(word)
	word, left = Field(left)
	m.Root = unescape(word)
	word, _ = Field(left)
	m.Point = unescape(word)
	// The source may be an empty word.
	word, right, _ = bytes.Cut(right, []byte(" "))
	m.Type = unescape(word)
	word, _, _ = bytes.Cut(right, []byte(" "))
	m.Source = unescape(word)
	return m, m.Device != "" && m.Type != "" && strings.HasPrefix(m.Point, "/")
}

// unescape resolves \ooo, which the kernel writes for space, tab, newline,
// backslash and '#'.
func unescape(b []byte) string {
	if bytes.IndexByte(b, '\\') < 0 {
		return string(b)
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '\\' && i+3 < len(b) && octal(b[i+1:i+4]) {
			out = append(out, (b[i+1]-'0')<<6|(b[i+2]-'0')<<3|(b[i+3]-'0'))
			i += 3
			continue
		}
		out = append(out, b[i])
	}
	return string(out)
}

func octal(b []byte) bool {
	return b[0] >= '0' && b[0] <= '3' && b[1] >= '0' && b[1] <= '7' && b[2] >= '0' && b[2] <= '7'
}
