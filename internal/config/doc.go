// Package config reads the settings of the server: defaults, then a YAML file,
// then flags, each winning over the one before.
//
// There is one struct per owner, in a file of its own, with its defaults and its
// checks; a setting is added there and nowhere else but in sample.yaml, which a
// test keeps complete. Unknown keys are errors, and everything is checked before
// anything starts. Messages name the full key, for the file also the line:
//
//	heliograph.yaml: line 12: auth.allow_host: unknown key; known here: allow_hosts, …
package config
