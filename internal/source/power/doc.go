// Package power reads the power rails of the device: the monitors of the hwmon class
// that measure voltage, current or power (the INA219 family, INA3221, LTC, PMBus
// and others), and the power supply class (adapters, USB ports, batteries).
//
//	/sys/class/hwmon, /sys/class/power_supply ──Hardware──> Meter ──Read──> Status ──> topic
//
// Values are in volts, amperes and watts. The kernel's units are those of
// Documentation/hwmon/sysfs-interface (mV, mA, µW) and of
// Documentation/ABI/testing/sysfs-class-power (µV, µA, µW).
//
// # Rate
//
// Rails are read every 100 ms while somebody is subscribed who wants that, and less
// often if all subscribers want less. While nobody is, nothing is read: the second
// rate of the HeliOS device API, once a second without listeners, would have no
// reader. [Monitor.Status] reads afresh for whoever asks in between.
package power
