// Package arch holds no code: its tests keep the shape of the whole module. Who
// may import whom, what the public packages may pull in, no state at package
// level, no init functions, lengths, comments, and a reason for every direct
// dependency. The linters of .golangci.yml check the import rules a second time,
// in the editor.
package arch
