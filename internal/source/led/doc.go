// Package led drives the lights of the device: multicolor LEDs, groups of red, green
// and blue LEDs, and plain LEDs of Linux's LED class, as a row of lights that show
// fixed colours or an animation.
//
//	command ──Controller──> Strip ──> /sys/class/leds/*/{multi_intensity,brightness}
//	               └──> State ──> topic
//
// While an animation runs that changes with time, one goroutine computes each picture
// with [Animation.Frame] and shows it, 25 times a second; what has not changed is not
// written. Nothing runs otherwise. The attributes are those of
// Documentation/leds/leds-class.rst and leds-class-multicolor.rst.
package led
