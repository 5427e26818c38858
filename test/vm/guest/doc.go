// Package guest tests the server's own binary against real drivers, in the guest that
// test/vm/run boots: a camera (vivid), devices that are plugged into USB (dummy_hcd),
// chips on I2C (i2c-stub) and lights (hid-led on uhid). Its tests have the build tag
// vm.
package guest
