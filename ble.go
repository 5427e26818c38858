package heliograph

import (
	"time"

	"github.com/heliograph/heliograph/internal/recorder"
)

// Kinds of Bluetooth events that clients know. Others are allowed.
const (
	BLEScanResult               = "scan_result"
	BLEConnected                = "connected"
	BLEDisconnected             = "disconnected"
	BLEConnectionFailed         = "connection_failed"
	BLEServiceDiscovered        = "service_discovered"
	BLECharacteristicDiscovered = "characteristic_discovered"
	BLECharacteristicRead       = "characteristic_read"
	BLECharacteristicWrite      = "characteristic_write"
	BLEWriteNoResponse          = "characteristic_write_no_response"
	BLENotification             = "notification"
	BLENotificationStateChanged = "notification_state_changed"
	BLEDescriptorRead           = "descriptor_read"
	BLEDescriptorWrite          = "descriptor_write"
	BLEMTUChanged               = "mtu_changed"
	BLERSSIRead                 = "rssi_read"
	BLEBondStateChanged         = "bond_state_changed"
	BLEAdapterStateChanged      = "adapter_state_changed"
)

// BLEEvent is something that happened with Bluetooth Low Energy. Empty texts are
// absent.
type BLEEvent struct {
	Kind           string    // one of the constants, or another word
	Time           time.Time // zero: now
	DeviceID       string    // address of the peer
	DeviceName     string
	RSSI           *int   // dBm
	Service        string // UUIDs, short or long
	Characteristic string
	Descriptor     string
	// Data is a value in upper-case hexadecimal for reads, writes and notifications,
	// the new state for changes of one. At most 4096 characters are kept.
	Data string
}

// RecordBLE records a Bluetooth event of the application. An event without a kind is
// dropped.
func (a *Agent) RecordBLE(e BLEEvent) {
	if a != nil {
		a.rec.BLE.Record(recorder.BLEEvent{
			Kind: e.Kind, Time: e.Time, DeviceID: e.DeviceID, DeviceName: e.DeviceName, RSSI: e.RSSI,
			Service: e.Service, Char: e.Characteristic, Descriptor: e.Descriptor, Data: e.Data,
		})
	}
}
