// Package agent tests the DevFlow Agent Protocol of heliograph serve, which shows the
// daemon itself: its log, its profile and its life, with the sensors and the Bluetooth
// of the device. What the protocol does with any application is tested by package
// devflow.
package agent
