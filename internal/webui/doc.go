// Package webui serves the browser interface of heliograph: plain ES modules
// without a build step, embedded into the binary.
//
// The files are in static/: index.html, css, js (custom elements, one per view
// in js/views) and vendor (third-party libraries with licence and hash). The
// package knows no API: the modules talk to the HeliOS endpoints below /v1 of
// the same origin and to POST /auth/session, with URLs relative to index.html.
//
// # Caching
//
// The module URLs carry no version, so own files are sent with "no-cache" and an
// entity tag made of their content: a reload costs one 304 per file and can
// never mix two versions. Vendored files have their version in the path and are
// immutable. Hashes are computed at start; the gzip form of a file is computed
// when a client first wants it and kept, because compressing all of them would
// take a noticeable part of the start on a small board.
package webui
