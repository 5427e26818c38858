// Package bluez watches a Bluetooth adapter through BlueZ, over D-Bus.
//
//	org.bluez ──Watcher──> is there an adapter? ──> BLE.SetAdapter
//	             │  Scan ──> scan_result
//	             └  Monitor ──> connected, service_discovered, notification, …
//
// # What it sees
//
// What BlueZ tells about its objects, see its documentation of org.bluez.Device,
// org.bluez.GattCharacteristic and their kin. That is not all that goes over the air:
// a value that changes is told as a notification whether it came by itself or was
// read by some program, and writes are not seen.
//
// The data of a scan_result is the advertisement as key=value;key=value, values of
// bytes in hexadecimal:
//
//	addressType=random;txPower=-12;appearance=0340;flags=06;serviceUuids=180D,180F;
//	manufacturer.004C=0215AA;serviceData.FEAA=00F3;connected=true
//
// A controller that cannot measure signal strength says 127, which is told as none.
//
// # When it works
//
// The Watcher holds one connection to the bus, on which hardly anything comes while
// nobody scans. Scan and Monitor have each a connection of their own; BlueZ ends what
// a program asked for when its connection ends. A bus that is not there, or goes away,
// is looked for again after 2 s, and later every 30 s; an adapter that goes away is
// told and is no failure. Where BlueZ is too busy to scan, as it is for some seconds after
// it died while scanning, it is asked again for 15 s; the scan counts as running then.
//
// # Bounds
//
// 1024 devices and 8192 attributes are known at a time; a device that says the same
// again is told once a second, and one that says something else ten times a second at
// the most.
package bluez
