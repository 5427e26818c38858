package webui

import (
	"bytes"
	"path"
	"slices"
	"strings"
)

// addPreloads puts a modulepreload link for every module that each page needs
// (js/*.js and js/lib/*.js, not the views and libraries, which are imported
// when a view is opened) in place of preloadMark.
func addPreloads(index []byte, bodies map[string][]byte) []byte {
	var names []string
	for name := range bodies {
		dir := path.Dir(name)
		if path.Ext(name) == ".js" && (dir == "js" || dir == "js/lib") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var links strings.Builder
	for _, name := range names {
		links.WriteString(`<link rel="modulepreload" href="` + name + `">`)
	}
	return bytes.Replace(index, []byte(preloadMark), []byte(links.String()), 1)
}
