// Package iio reads the sensors of Linux's Industrial I/O subsystem: the
// accelerometer, gyroscope and magnetometer of the device, from which [IMU] works out
// attitude and motion, and pressure, temperature, humidity and light for
// [Environment].
//
//	/sys/bus/iio/devices ──Find──> Device ──OpenUnit──> Unit ──Read──> Reading ──fusion──> Status ──> topic
//
// # Units and frames
//
// The kernel's ABI (Documentation/ABI/testing/sysfs-bus-iio) defines the value of a
// channel as (raw + offset) * scale in m/s², rad/s, gauss, kPa, thousandths of a degree
// Celsius or of a percent, lux; this package gives g, deg/s, gauss, hPa, °C, percent, lux.
// The mount matrix takes a sensor into the right-handed frame of the board, which this
// package reads as X forward, Y to the left, Z up, and then carries over to the frame of
// package fusion, with Y to the right. A board that is mounted otherwise is set right by
// [Config.GravityReferenceAxis] or by snapping to gravity.
//
// # Two ways to read
//
// Where the driver has a buffer and a trigger, and we may use them, all samples since
// the last look are taken from /dev/iio:deviceN at once, without waiting, and each goes
// through the filter with the time between the kernel's time stamps. Otherwise the
// attributes in sysfs are read once per update interval. A buffer that yields nothing
// is given up for the second way.
//
// # Cost
//
// Nothing is open and nothing runs while nobody is subscribed. One goroutine, that of the
// topic, does all work. A device without sensors costs one directory listing every two
// seconds while somebody asks, which is how a sensor that is plugged in later is found.
package iio
