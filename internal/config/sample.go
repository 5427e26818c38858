package config

import _ "embed"

//go:embed sample.yaml
var sample string

// Sample returns a commented file that lists every key with its default, to
// start one's own from.
func Sample() string { return sample }
