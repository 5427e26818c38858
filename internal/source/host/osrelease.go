package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/heliograph/heliograph/internal/procfile"
)

// OS describes the operating system. A field is empty if it is not known.
type OS struct {
	PrettyName string // for example "Debian GNU/Linux 12 (bookworm)"
	VersionID  string // for example "12"
	BuildID    string // of image-based systems
	ActiveRoot string // device that the root filesystem is on, for example "/dev/mmcblk0p2"
}

// ReadOS reads the os-release file, see os-release(5), and the mount table. A
// system without os-release gives an error that is fs.ErrNotExist.
func ReadOS(root string) (OS, error) {
	values, err := readRelease(root)
	if err != nil {
		return OS{}, err
	}
	info := OS{PrettyName: values["PRETTY_NAME"], VersionID: values["VERSION_ID"], BuildID: values["BUILD_ID"], ActiveRoot: activeRoot(root)}
	if info.PrettyName == "" {
		info.PrettyName = values["NAME"]
	}
	return info, nil
}

// readRelease reads the first of the two places of the file that exists.
func readRelease(root string) (map[string]string, error) {
	for _, name := range []string{"etc/os-release", "usr/lib/os-release"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err == nil {
			return parseRelease(text), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read operating system: %w", err)
		}
	}
	return nil, fmt.Errorf("read operating system: no os-release file: %w", fs.ErrNotExist)
}

// parseRelease parses assignments as a shell would, without substitutions.
// Lines that it does not understand are left out.
func parseRelease(text []byte) map[string]string {
	values := make(map[string]string)
	for line := range strings.Lines(strings.ToValidUTF8(string(text), "\uFFFD")) {
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, "=")
		if !found || key == "" || line[0] == '#' || strings.ContainsAny(key, " \t") {
			continue
		}
		if v, ok := unquote(value); ok {
			values[key] = v
		}
	}
	return values
}

// unquote resolves the quotes of a shell word. Quotes that do not end are
// refused.
func unquote(word string) (string, bool) {
	var b strings.Builder
	quote := byte(0)
	for i := 0; i < len(word); i++ {
		c := word[i]
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case c == '\\' && quote != '\'' && i+1 < len(word):
			// Between double quotes only these four are escaped.
			if quote == 0 || strings.IndexByte("\"\\$`", word[i+1]) >= 0 {
				i++
			}
			b.WriteByte(word[i])
		case quote == 0 && (c == ' ' || c == '\t'):
			return b.String(), true // what follows would be a command
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), quote == 0
}

// activeRoot returns the device of the root filesystem, or "" if it has none
// that can be told, as in a container.
func activeRoot(root string) string {
	text, err := os.ReadFile(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return ""
	}
	var top procfile.Mount
	for _, m := range procfile.ParseMountinfo(text) {
		if m.Point == "/" { // the last one covers those before it
			top = m
		}
	}
	if strings.HasPrefix(top.Source, "/dev/") && top.Source != "/dev/root" {
		return strings.ToValidUTF8(top.Source, "\uFFFD")
	}
	// Kernels that mount the root themselves call it /dev/root.
	if top.Device == "" || strings.ContainsAny(top.Device, "/.") {
		return ""
	}
	event := procfile.ReadString(filepath.Join(root, "sys/dev/block", top.Device, "uevent"))
	for line := range strings.Lines(event) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "DEVNAME="); found {
			return "/dev/" + name
		}
	}
	return ""
}
