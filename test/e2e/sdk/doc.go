// Package sdk tests package heliograph as those see it who embed it and those who look:
// a program that uses nothing else of this module is built, and asked over the wire.
package sdk
