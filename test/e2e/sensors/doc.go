// Package sensors tests imu.stream, sensors.stream and the endpoints of IMU, power,
// lighting and firmware against the running binary, on simulated devices and without
// any. The number in front of each test's comment is the section of the wire contract
// that it covers.
package sensors
