// Package appcli has tests of the verbs "heliograph app …" against a program that runs
// under "heliograph run", with the real binary on both sides.
package appcli
