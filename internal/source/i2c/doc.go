// Package i2c is the inventory of the I²C buses and of the chips that the kernel
// knows on them, read from sysfs.
//
// It only reads what the kernel has noted, and never talks on a bus: probing
// addresses can upset chips. A chip that no device tree, ACPI table or driver has
// announced is therefore not listed.
package i2c
