package procfile

import (
	"os"
	"strings"
)

// ReadString returns the trimmed text of a small file, or "" if it cannot be
// read. It is for names and labels that are read once; NUL bytes at the end, as
// device-tree properties have them, are cut off, and bytes that are not UTF-8
// are replaced.
func ReadString(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return Text(text)
}

// Text returns the trimmed, valid UTF-8 form of an attribute's bytes.
func Text(b []byte) string {
	return strings.ToValidUTF8(strings.Trim(string(b), " \t\r\n\x00"), "\uFFFD")
}

// List returns the names in a folder, sorted, or nil if it cannot be read.
func List(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names
}
