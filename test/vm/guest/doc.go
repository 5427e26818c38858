// Package guest tests the server's own binary against real drivers, in the guest that
// test/vm/run boots: a camera (vivid), devices that are plugged into USB (dummy_hcd),
// chips on I2C (i2c-stub), lights (hid-led on uhid) and Bluetooth (hci_vhci, under a
// real bluetoothd). Its tests have the build tag vm.
package guest
