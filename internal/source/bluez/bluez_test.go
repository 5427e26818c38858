package bluez

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"go.uber.org/goleak"

	"github.com/heliograph/heliograph/internal/recorder"
	"github.com/heliograph/heliograph/internal/testkit/bluezbus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 30 * time.Second

// rig is a recorder whose adapter is watched on a private bus.
type rig struct {
	t   *testing.T
	bus *bluezbus.Bus
	ble *recorder.BLE
}

func newRig(t *testing.T, bus *bluezbus.Bus) *rig {
	t.Helper()
	rec := recorder.New(recorder.Options{})
	w := Watch(Options{Address: bus.Address, Sink: rec.BLE})
	t.Cleanup(rec.Close)
	t.Cleanup(w.Close)
	return &rig{t, bus, rec.BLE}
}

func (r *rig) poll(what string, ok func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("waited in vain for %s; events: %v", what, r.events())
		}
	}
}

// events returns what was recorded: "kind device [name] service/char/descriptor rssi data".
func (r *rig) events() (texts []string) {
	for _, e := range r.ble.Held() {
		v := e.Value.Event
		text := v.Kind
		if v.DeviceID != "" {
			text += " " + v.DeviceID + " [" + v.DeviceName + "]"
		}
		if v.Service != "" {
			text += " " + strings.TrimRight(v.Service+"/"+v.Char+"/"+v.Descriptor, "/")
		}
		if v.RSSI != nil {
			text += fmt.Sprint(" ", *v.RSSI)
		}
		if v.Data != "" {
			text += " " + v.Data
		}
		texts = append(texts, text)
	}
	return texts
}

// expect waits until an event was recorded.
func (r *rig) expect(want string) {
	r.t.Helper()
	r.poll(want, func() bool { return slices.Contains(r.events(), want) })
}

const sensor = "C4:7C:8D:6A:11:02"

func TestScan(t *testing.T) {
	bus := bluezbus.Start(t)
	path := bus.AddAdapter("hci0")
	r := newRig(t, bus)
	r.expect("adapter_state_changed on")
	if s := r.ble.Status(); !s.CanScan || s.Scanning {
		t.Errorf("%+v", s)
	}
	bus.AddDevice("hci0", "11:22:33:44:55:66", "near before")
	leave, err := r.ble.JoinScan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.ble.JoinScan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := bus.Get(path, adapter1, "Discovering"); got != true {
		t.Errorf("discovering: %v", got)
	}
	r.poll("the device that was there", func() bool {
		return slices.ContainsFunc(r.events(), func(e string) bool { return strings.HasPrefix(e, "scan_result 11:22:33:44:55:66 [near before] -79") })
	})
	device := bus.AddDevice("hci0", sensor, "HRM-7")
	r.poll("a new device", func() bool {
		return slices.ContainsFunc(r.events(), func(e string) bool { return strings.HasPrefix(e, "scan_result "+sensor+" [HRM-7] -79") })
	})
	// BlueZ's own types, which the mock has otherwise.
	const heartRate = "0000180d-0000-1000-8000-00805f9b34fb"
	r.poll("an advertisement", func() bool {
		bus.Say(device, device1, map[string]any{
			"RSSI": int16(-61), "TxPower": int16(-12), "Appearance": uint16(0x340), "AddressType": "random", "AdvertisingFlags": []byte{6},
			"UUIDs":            []string{heartRate, "f0001110-0451-4000-b000-000000000000"},
			"ManufacturerData": map[uint16]dbus.Variant{0x4c: dbus.MakeVariant([]byte{2, 0x15, 0xaa}), 6: dbus.MakeVariant([]byte{1})},
			"ServiceData":      map[string]dbus.Variant{heartRate: dbus.MakeVariant([]byte{0xff})},
		})
		return slices.Contains(r.events(), "scan_result "+sensor+" [HRM-7] -61 addressType=random;txPower=-12;appearance=0340;flags=06;"+
			"serviceUuids=180D,f0001110-0451-4000-b000-000000000000;manufacturer.0006=01;manufacturer.004C=0215AA;serviceData.180D=FF")
	})
	leave()
	if s := r.ble.Status(); !s.Scanning || s.ScansWanted != 1 {
		t.Errorf("one has left: %+v", s)
	}
	again()
	if got := bus.Get(path, adapter1, "Discovering"); got != false || r.ble.Status().Scanning {
		t.Errorf("discovering: %v", got)
	}
}

// TestScanWhileBusy: BlueZ refuses to scan for a while, as it does after it has died
// while scanning, or for good.
func TestScanWhileBusy(t *testing.T) {
	bus := bluezbus.Start(t)
	path := bus.AddAdapter("hci0")
	r := newRig(t, bus)
	r.expect("adapter_state_changed on")
	stream, err := r.ble.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	refuse := func(times int, then string) {
		t.Helper()
		bus.Call(path, "org.freedesktop.DBus.Mock.AddMethod", adapter1, "StartDiscovery", "", "", fmt.Sprintf(`
self.tries = getattr(self, 'tries', 0) + 1
if self.tries <= %d:
    raise dbus.exceptions.DBusException('Operation already in progress', name='org.bluez.Error.InProgress')
self.tries = 0
%s`, times, then))
	}
	refuse(2, `self.props['org.bluez.Adapter1']['Discovering'] = True`)
	leave, err := r.ble.JoinScan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	discovering := func() bool { return bus.Get(path, adapter1, "Discovering") == true }
	if !r.ble.Status().Scanning || discovering() {
		t.Error("it does not insist")
	}
	r.poll("the scan", discovering)
	leave()
	if discovering() || r.ble.Status().Scanning {
		t.Error("the scan goes on")
	}

	refuse(1, `raise dbus.exceptions.DBusException('No', name='org.bluez.Error.NotReady')`)
	if err := r.ble.StartScan(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.poll("the end", func() bool { return !r.ble.Status().Scanning })
	for {
		item, err := stream.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if f := item.Event.Value.Failure; f != "" {
			if f != "BlueZ: No" {
				t.Error(f)
			}
			break
		}
	}

	refuse(1000, "")
	if err := r.ble.StartScan(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.ble.StopScan() // does not wait until BlueZ gives in
}

// TestHeard: what BlueZ 5.66 with the kernel's emulated controllers says.
func TestHeard(t *testing.T) {
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	a := &adapter{path: "/org/bluez/hci0", sink: rec.BLE}
	s := &scanner{adapter: a, devices: map[dbus.ObjectPath]*peer{}}
	r := &rig{t: t, ble: rec.BLE}
	path := a.path + "/dev_00_AA_01_01_00_01"
	say := func(props properties) {
		t.Helper()
		if err := s.handle(changed{path, device1, props}); err != nil {
			t.Fatal(err)
		}
	}
	say(properties{"Name": dbus.MakeVariant("known from before")})
	s.devices[path].name = ""
	say(properties{"RSSI": dbus.MakeVariant(int16(127))})
	say(properties{"Name": dbus.MakeVariant("HRM-7")}) // by itself, a moment later
	say(properties{"Name": dbus.MakeVariant("HRM-8")})
	say(properties{"RSSI": dbus.MakeVariant(int16(-3))})
	want := []string{"scan_result 00:AA:01:01:00:01 []", "scan_result 00:AA:01:01:00:01 [HRM-7]"}
	if got := r.events(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if p := s.devices[path]; p.rssi == nil || *p.rssi != -3 {
		t.Errorf("%+v", p)
	}
}

func TestMonitor(t *testing.T) {
	bus := bluezbus.Start(t)
	bus.AddAdapter("hci0")
	device := bus.AddDevice("hci0", sensor, "HRM-7")
	bus.AddObject(device+"/service0001", gattService, map[string]any{"UUID": "0000180f-0000-1000-8000-00805f9b34fb", "Device": dbus.ObjectPath(device)})
	bus.AddObject(device+"/service0001/char0002", gattChar, map[string]any{
		"UUID": "00002a19-0000-1000-8000-00805f9b34fb", "Service": dbus.ObjectPath(device + "/service0001"),
	})
	other := bus.AddDevice("hci0", "11:22:33:44:55:66", "other")
	bus.Update(other, device1, map[string]any{"Connected": true})
	r := newRig(t, bus)
	r.expect("adapter_state_changed on")
	if err := r.ble.Enable(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.expect("connection_event 11:22:33:44:55:66 [other] was connected before")
	const who = " " + sensor + " [HRM-7]"

	bus.Call(device, device1+".Connect")
	r.expect("connected" + who + " connected")
	bus.Say(device, device1, map[string]any{"RSSI": int16(-50)})
	r.expect("rssi_read" + who + " -50")
	service, char := device+"/service0010", device+"/service0010/char0011"
	bus.AddObject(service, gattService, map[string]any{"UUID": "0000180d-0000-1000-8000-00805f9b34fb", "Device": dbus.ObjectPath(device)})
	bus.AddObject(char, gattChar, map[string]any{"UUID": "00002a37-0000-1000-8000-00805f9b34fb", "Service": dbus.ObjectPath(service)})
	bus.AddObject(char+"/desc0012", gattDesc, map[string]any{"UUID": "00002902-0000-1000-8000-00805f9b34fb", "Characteristic": dbus.ObjectPath(char)})
	bus.Say(device, device1, map[string]any{"ServicesResolved": true})
	bus.Say(char, gattChar, map[string]any{"Notifying": true, "MTU": uint16(185)})
	bus.Say(char, gattChar, map[string]any{"Value": []byte{6, 0x4b}})
	bus.Say(char+"/desc0012", gattDesc, map[string]any{"Value": []byte{1, 0}})
	bus.Say(char, gattChar, map[string]any{"Notifying": false})
	bus.Say(device+"/service0001/char0002", gattChar, map[string]any{"Value": []byte{0x64}})
	bus.Pair("hci0", sensor)
	bus.Call(device, device1+".Disconnect")
	for _, want := range []string{
		"service_discovered" + who + " 180D", "characteristic_discovered" + who + " 180D/2A37", "connection_event" + who + " services resolved",
		"notification_state_changed" + who + " 180D/2A37 enabled", "mtu_changed" + who + " 185", "notification" + who + " 180D/2A37 064B",
		"descriptor_read" + who + " 180D/2A37/2902 0100", "notification_state_changed" + who + " 180D/2A37 disabled",
		"notification" + who + " 180F/2A19 64", "bond_state_changed" + who + " bonded", "disconnected" + who + " disconnected",
	} {
		r.expect(want)
	}
	bus.RemoveObject(other, device1)
	r.expect("disconnected 11:22:33:44:55:66 [other] disconnected")
	r.ble.Disable()
	before := len(r.events())
	bus.Call(device, device1+".Connect")
	if after := len(r.events()); after != before {
		t.Errorf("events after the end: %v", r.events()[before:])
	}
}

// TestAdapterComesAndGoes: nothing of that is fatal, and a reader is told.
func TestAdapterComesAndGoes(t *testing.T) {
	bus := bluezbus.StartBus(t)
	r := newRig(t, bus)
	if err := r.ble.StartScan(t.Context()); !errors.Is(err, recorder.ErrNoScanner) {
		t.Errorf("no BlueZ: %v", err)
	}
	stream, err := r.ble.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	failure := func(want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for {
			item, err := stream.Next(ctx)
			if err != nil {
				t.Fatalf("waiting for %q: %v", want, err)
			}
			if strings.Contains(item.Event.Value.Failure, want) {
				return
			}
		}
	}
	canScan := func(want bool) {
		t.Helper()
		r.poll("the adapter", func() bool { return r.ble.Status().CanScan == want })
	}
	bus.StartBlueZ()
	path := bus.AddAdapter("hci0")
	canScan(true)
	if err := r.ble.StartScan(t.Context()); err != nil {
		t.Fatal(err)
	}

	bus.Update(path, adapter1, map[string]any{"Powered": false})
	failure("switched off")
	r.expect("adapter_state_changed off")
	if r.ble.Status().Scanning {
		t.Error("it scans without power")
	}
	bus.Update(path, adapter1, map[string]any{"Powered": true})
	if err := r.ble.StartScan(t.Context()); err != nil {
		t.Fatal(err)
	}

	bus.RemoveAdapter("hci0")
	failure("adapter was lost")
	canScan(false)
	bus.AddAdapter("hci1")
	canScan(true)
	bus.KillBlueZ()
	failure("adapter was lost")
	canScan(false)
	bus.StartBlueZ()
	bus.AddAdapter("hci0")
	canScan(true)
	if err := r.ble.Enable(t.Context()); err != nil {
		t.Fatal(err)
	}
	bus.KillBus()
	failure("lost")
	canScan(false)
	bus.StartDaemon()
	bus.StartBlueZ()
	bus.AddAdapter("hci0")
	canScan(true)
}

func TestNoBus(t *testing.T) {
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	w := Watch(Options{Address: "unix:path=" + t.TempDir() + "/none", Sink: rec.BLE})
	defer w.Close()
	if rec.BLE.Status().CanScan {
		t.Error("there is an adapter")
	}
}

func TestTexts(t *testing.T) {
	for in, want := range map[string]string{
		"0000180d-0000-1000-8000-00805f9b34fb": "180D", "0001180D-0000-1000-8000-00805F9B34FB": "0001180D",
		"f0001110-0451-4000-b000-000000000000": "f0001110-0451-4000-b000-000000000000", "a;b=c": "a_b_c", "": "",
	} {
		if got := shortUUID(in); got != want {
			t.Errorf("%s became %s", in, got)
		}
	}
	if got := addressOf("/org/bluez/hci0/dev_C4_7C_8D_6A_11_02/service1"); got != sensor {
		t.Error(got)
	}
	if devicePath("/org/bluez/hci0") != "" || devicePath("/org/bluez/hci0/dev_1/service1") != "/org/bluez/hci0/dev_1" {
		t.Error("paths")
	}
	p := peer{}
	p.apply(properties{"Name": dbus.MakeVariant(strings.Repeat("ä", 1000)), "RSSI": dbus.MakeVariant("no number"), "UUIDs": dbus.MakeVariant(slices.Repeat([]string{"x"}, 1000))})
	if len(p.name) > maxName+2 || p.rssi != nil || strings.Count(p.advertisement(), "x") != maxUUIDs {
		t.Errorf("%d bytes, rssi %v, %s", len(p.name), p.rssi, p.advertisement())
	}
}

// TestManyDevices: there may be more than anybody wants to know.
func TestManyDevices(t *testing.T) {
	rec := recorder.New(recorder.Options{})
	defer rec.Close()
	a := &adapter{path: "/org/bluez/hci0", sink: rec.BLE}
	s := &scanner{adapter: a, devices: map[dbus.ObjectPath]*peer{}}
	m := &monitor{adapter: a, devices: map[dbus.ObjectPath]*peer{}, attributes: map[dbus.ObjectPath]attribute{}}
	for i := range 3 * maxDevices {
		path := dbus.ObjectPath(fmt.Sprintf("/org/bluez/hci0/dev_%d", i))
		props := map[string]properties{device1: {"RSSI": dbus.MakeVariant(int16(-1)), "Connected": dbus.MakeVariant(true)}}
		_, _ = s.handle(added{path, props}), m.handle(added{path, props})
		for j := range 4 {
			_ = m.handle(added{path + dbus.ObjectPath(fmt.Sprint("/service", j)), map[string]properties{gattService: {}}})
		}
	}
	if len(s.devices) > maxDevices || len(m.devices) > maxDevices || len(m.attributes) > maxAttributes {
		t.Errorf("%d, %d devices, %d attributes", len(s.devices), len(m.devices), len(m.attributes))
	}
	if err := s.handle(added{"/org/bluez/hci1/dev_1", map[string]properties{device1: {}}}); err != nil || s.devices["/org/bluez/hci1/dev_1"] != nil {
		t.Error("a device of another adapter")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(ifaceProps+".PropertiesChanged", "x", int16(3))
	f.Add(ifaceRoot+".InterfacesAdded", "/org/bluez/hci0/dev_1", int16(0))
	f.Fuzz(func(t *testing.T, name, text string, n int16) {
		for _, body := range [][]any{nil, {text}, {text, properties{text: dbus.MakeVariant(n)}}, {dbus.ObjectPath(text), map[string]properties{text: {}}}, {n, text, n}} {
			parse(&dbus.Signal{Name: name, Path: dbus.ObjectPath(text), Body: body})
		}
	})
}
