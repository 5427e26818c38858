package usb

import "encoding/binary"

// Descriptor types and capabilities of the binary device object store, from the
// USB 3.2 specification, section 9.6.2.
const (
	descriptorBOS        = 0x0f
	descriptorCapability = 0x10
	capabilitySuperSpeed = 0x03
	capabilityPlus       = 0x0a
	superSpeed           = 1 << 3 // bit of wSpeedsSupported: 5 Gbit/s
)

// Speeds in Mbit/s.
const (
	highSpeedMbps      = 480
	superSpeedMbps     = 5000
	superSpeedPlusMbps = 10000
)

// parseBOS returns the highest speed in Mbit/s beyond 480 that a binary device
// object store says the device can do, 0 if it says none. 10000 stands for that
// and more. What is cut or damaged counts up to there.
func parseBOS(b []byte) float64 {
	if len(b) < 5 || b[0] < 5 || b[1] != descriptorBOS {
		return 0
	}
	header, total := int(b[0]), min(int(binary.LittleEndian.Uint16(b[2:])), len(b))
	if total < header {
		return 0
	}
	speed := 0.0
	for b = b[header:total]; len(b) >= 3; {
		length := int(b[0])
		if length < 3 || length > len(b) {
			break
		}
		if b[1] == descriptorCapability {
			speed = max(speed, capabilitySpeed(b[:length]))
		}
		b = b[length:]
	}
	return speed
}

func capabilitySpeed(b []byte) float64 {
	switch {
	case b[2] == capabilityPlus:
		return superSpeedPlusMbps
	case b[2] == capabilitySuperSpeed && len(b) >= 6 && binary.LittleEndian.Uint16(b[4:])&superSpeed != 0:
		return superSpeedMbps
	}
	return 0
}

// fasterSpeed returns a speed that d is known to be capable of beyond the one it
// runs at, 0 if none is known. Hubs are left out: a USB 3 hub is two devices,
// and its slower half is always there.
func fasterSpeed(d Device, a attributes) float64 {
	if d.Hub || d.RootHub || d.SpeedMbps == 0 || d.SpeedMbps > highSpeedMbps {
		return 0
	}
	speed := parseBOS(a.bytes("bos_descriptors"))
	if d.Version >= 0x0300 || d.Kind == KindCoral {
		speed = max(speed, superSpeedMbps)
	}
	return speed
}
