package firmware_test

import (
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/topic"
)

const fwupd = "org.freedesktop.fwupd"

// members is a device as fwupd sends it.
type members map[string]any

func (m members) variants() map[string]dbus.Variant {
	v := map[string]dbus.Variant{}
	for key, value := range m {
		v[key] = dbus.MakeVariant(value)
	}
	return v
}

func (m members) with(more members) members {
	m = maps.Clone(m)
	maps.Copy(m, more)
	return m
}

// camera is a device that was updated long ago.
func camera() members {
	return members{
		"DeviceId": "aa11", "Name": "Front camera", "Vendor": "ACME", "Version": "1.0", "Plugin": "test",
		"Flags": uint64(3), "UpdateState": uint32(2), "Status": uint32(1), "Modified": uint64(1),
	}
}

// fake is a service that answers like fwupd and sends what the test wants.
type fake struct {
	t    *testing.T
	conn *dbus.Conn

	mu      sync.Mutex
	devices []members
	results members
	props   members
}

func newFake(t *testing.T, address string, devices ...members) *fake {
	t.Helper()
	conn, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	f := &fake{t: t, conn: conn, devices: devices, props: members{"Status": uint32(1), "Percentage": uint32(0)}}
	for iface, methods := range map[string]map[string]any{
		fwupd:                             {"GetDevices": f.getDevices, "GetResults": f.getResults},
		"org.freedesktop.DBus.Properties": {"GetAll": f.getAll},
	} {
		if err := conn.ExportMethodTable(methods, "/", iface); err != nil {
			t.Fatal(err)
		}
	}
	f.appear()
	return f
}

func (f *fake) appear() {
	if reply, err := f.conn.RequestName(fwupd, dbus.NameFlagDoNotQueue); err != nil || reply != dbus.RequestNameReplyPrimaryOwner {
		f.t.Fatal(reply, err)
	}
}

func (f *fake) vanish() {
	if _, err := f.conn.ReleaseName(fwupd); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) getDevices() ([]map[string]dbus.Variant, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.devices) == 0 {
		return nil, dbus.NewError(fwupd+".NothingToDo", []any{"no devices"})
	}
	var list []map[string]dbus.Variant
	for _, d := range f.devices {
		list = append(list, d.variants())
	}
	return list, nil
}

func (f *fake) getResults(string) (map[string]dbus.Variant, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.results == nil {
		return nil, dbus.NewError(fwupd+".NothingToDo", []any{"no history"})
	}
	return f.results.variants(), nil
}

func (f *fake) getAll(string) (map[string]dbus.Variant, *dbus.Error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.props.variants(), nil
}

// becomes sets the device as it is read back, and the record of its last update.
func (f *fake) becomes(device, results members) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.devices, f.results = []members{device}, results
}

func (f *fake) changed(signal string, d members) {
	if err := f.conn.Emit("/", fwupd+"."+signal, d.variants()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fake) property(props members) {
	if err := f.conn.Emit("/", "org.freedesktop.DBus.Properties.PropertiesChanged", fwupd, props.variants(), []string{}); err != nil {
		f.t.Fatal(err)
	}
}

// write begins an update of the camera as fwupd does.
func (f *fake) write() {
	f.property(members{"Status": uint32(3)})
	f.changed("DeviceChanged", camera().with(members{"Status": uint32(12)}))
	f.property(members{"Status": uint32(5)})
}

func expect(t *testing.T, got firmware.Update, status firmware.Status, percent int, detail string) {
	t.Helper()
	have := -1
	if got.Progress != nil {
		have = int(*got.Progress)
	}
	if got.DeviceID != "aa11" || got.Firmware != "Front camera" || got.Status != status || have != percent || got.Detail != detail || time.Since(got.Time) > time.Minute {
		t.Errorf("%+v with %d %%, want %s, %d %%, %q", got, have, status, percent, detail)
	}
}

func TestUpdateIsFollowed(t *testing.T) {
	address, _ := privateBus(t)
	f := newFake(t, address, camera())
	w, sub := follow(t, address)
	devices, err := w.Devices(t.Context())
	if err != nil || len(devices) != 1 || devices[0].Name != "Front camera" || devices[0].Version != "1.0" || !devices[0].Updatable {
		t.Errorf("%+v, %v", devices, err)
	}
	f.write()
	expect(t, next(t, sub), firmware.Flashing, -1, "writing")
	f.property(members{"Percentage": uint32(40)})
	f.property(members{"Percentage": uint32(40)}) // no news
	expect(t, next(t, sub), firmware.Flashing, 40, "writing")
	f.property(members{"Status": uint32(6), "Percentage": uint32(90)})
	expect(t, next(t, sub), firmware.Flashing, 90, "verifying")
	f.becomes(camera().with(members{"Version": "2.0"}), camera().with(members{"Modified": uint64(time.Now().Unix())}))
	f.property(members{"Status": uint32(1)})
	last := next(t, sub)
	expect(t, last, firmware.Complete, 100, "")
	if last.Active != "2.0" || last.Error != "" {
		t.Errorf("%+v", last)
	}
}

func TestOutcomes(t *testing.T) {
	now := uint64(time.Now().Unix()) + 3600
	for _, c := range []struct {
		name            string
		device, results members
		status          firmware.Status
		percent         int
		detail, err     string
	}{
		{"same version again", camera(), camera().with(members{"Modified": now}), firmware.Complete, 100, "", ""},
		{
			"failed, while the device still has the state of an earlier success", camera(),
			camera().with(members{"Modified": now, "UpdateState": uint32(3), "UpdateError": "flash is worn out"}), firmware.Failed, -1, "", "flash is worn out",
		},
		{"needs a restart", camera(), camera().with(members{"Modified": now, "UpdateState": uint32(4)}), firmware.Complete, 100, "takes effect after a restart", ""},
		{"is put off", camera(), camera().with(members{"Modified": now, "UpdateState": uint32(1)}), firmware.Queued, -1, "waits for a restart", ""},
		{"the record is of an earlier update", camera(), camera().with(members{"Modified": uint64(5)}), firmware.Failed, -1, "", "the update ended without a result"},
		{"no record, other version", camera().with(members{"Version": "2.0"}), nil, firmware.Complete, 100, "", ""},
		{"no record, same version", camera(), nil, firmware.Failed, -1, "", "the update ended without a result"},
		{
			"no record, the device says that it failed", camera().with(members{"UpdateState": uint32(5), "UpdateError": "cable"}), nil,
			firmware.Failed, -1, "", "cable",
		},
		{"no record, the device is gone", members{"DeviceId": "other"}, nil, firmware.Failed, -1, "", "the update ended without a result"},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, _ := privateBus(t)
			f := newFake(t, address, camera())
			_, sub := follow(t, address)
			f.write()
			expect(t, next(t, sub), firmware.Flashing, -1, "writing")
			f.becomes(c.device, c.results)
			f.property(members{"Status": uint32(0)})
			got := next(t, sub)
			expect(t, got, c.status, c.percent, c.detail)
			if got.Error != c.err {
				t.Errorf("error %q, want %q", got.Error, c.err)
			}
			// The end is told once, and the next update is followed like the first.
			f.property(members{"Status": uint32(1)})
			f.write()
			if again := next(t, sub); again.Status != firmware.Flashing {
				t.Errorf("%+v", again)
			}
		})
	}
}

func TestFailureBeforeWritingAndPutOff(t *testing.T) {
	address, _ := privateBus(t)
	f := newFake(t, address, camera())
	_, sub := follow(t, address)
	f.changed("DeviceChanged", camera().with(members{"Summary": "state of an earlier update, no news"}))
	f.changed("DeviceChanged", camera().with(members{"UpdateState": uint32(3), "UpdateError": "battery is low"}))
	got := next(t, sub)
	expect(t, got, firmware.Failed, -1, "")
	if got.Error != "battery is low" {
		t.Errorf("%+v", got)
	}
	f.changed("DeviceChanged", camera().with(members{"UpdateState": uint32(1)}))
	expect(t, next(t, sub), firmware.Queued, -1, "waits for a restart")
}

func TestDaemonThatEndsAndComesBack(t *testing.T) {
	address, _ := privateBus(t)
	f := newFake(t, address, camera())
	w, sub := follow(t, address)
	f.write()
	expect(t, next(t, sub), firmware.Flashing, -1, "writing")
	f.vanish()
	got := next(t, sub)
	expect(t, got, firmware.Failed, -1, "")
	if got.Error != "the update service ended during the update" {
		t.Errorf("%+v", got)
	}
	if _, err := w.Devices(t.Context()); !errors.Is(err, topic.ErrNotPresent) {
		t.Error(err)
	}
	// It comes back in the middle of an update.
	f.mu.Lock()
	f.devices = []members{camera().with(members{"Status": uint32(5)})}
	f.props = members{"Status": uint32(5), "Percentage": uint32(70)}
	f.mu.Unlock()
	f.appear()
	expect(t, next(t, sub), firmware.Flashing, 70, "writing")
}

func TestStrangersAreNotBelieved(t *testing.T) {
	address, _ := privateBus(t)
	f := newFake(t, address, camera())
	w, sub := follow(t, address)
	stranger, err := dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	// To everybody, and to us alone: both are allowed on a bus.
	spoof := &fake{t: t, conn: stranger}
	spoof.write()
	var names []string
	if err := stranger.BusObject().Call("org.freedesktop.DBus.ListNames", 0).Store(&names); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name[0] != ':' {
			continue
		}
		for _, body := range [][]any{{camera().with(members{"Status": uint32(12)}).variants()}} {
			message := &dbus.Message{Type: dbus.TypeSignal, Headers: map[dbus.HeaderField]dbus.Variant{
				dbus.FieldPath: dbus.MakeVariant(dbus.ObjectPath("/")), dbus.FieldInterface: dbus.MakeVariant(fwupd),
				dbus.FieldMember: dbus.MakeVariant("DeviceChanged"), dbus.FieldDestination: dbus.MakeVariant(name),
				dbus.FieldSignature: dbus.MakeVariant(dbus.SignatureOf(body...)),
			}, Body: body}
			stranger.Send(message, nil)
		}
	}
	// Malformed ones of the real service do no harm either.
	for _, body := range [][]any{{}, {"text"}, {uint32(1), "x"}, {map[string]dbus.Variant{"DeviceId": dbus.MakeVariant(7)}}} {
		for _, name := range []string{fwupd + ".DeviceChanged", fwupd + ".DeviceRemoved", "org.freedesktop.DBus.Properties.PropertiesChanged"} {
			if err := f.conn.Emit("/", name, body...); err != nil {
				t.Fatal(err)
			}
		}
	}
	f.property(members{"Status": "words", "Percentage": uint32(4000)})
	// The first news is of the real one.
	f.changed("DeviceAdded", members{"DeviceId": "bb22", "Name": "Mouse"})
	f.changed("DeviceRemoved", members{"DeviceId": "bb22"})
	f.changed("DeviceChanged", camera().with(members{"UpdateState": uint32(1)}))
	expect(t, next(t, sub), firmware.Queued, -1, "waits for a restart")
	if n := w.Topic().Stats().Published; n != 1 {
		t.Errorf("%d news", n)
	}
}

func TestNotPresent(t *testing.T) {
	address, _ := privateBus(t)
	for name, where := range map[string]string{"no bus": "unix:path=" + folder(t) + "/none", "no fwupd": address} {
		t.Run(name, func(t *testing.T) {
			w := firmware.New(firmware.Options{Address: where})
			defer w.Close()
			if _, err := w.Devices(t.Context()); !errors.Is(err, topic.ErrNotPresent) {
				t.Error(err)
			}
			sub, err := w.Topic().Subscribe(topic.SubscribeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer sub.Close()
			if err := sub.WaitReady(t.Context()); !errors.Is(err, topic.ErrNotPresent) {
				t.Error(err)
			}
			if s := w.Topic().Stats(); s.State != topic.NotPresent || s.Starts != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestBusThatIsLost(t *testing.T) {
	address, kill := privateBus(t)
	f := newFake(t, address, camera())
	w, sub := follow(t, address)
	f.write()
	expect(t, next(t, sub), firmware.Flashing, -1, "writing")
	kill()
	if got := next(t, sub); got.Status != firmware.Failed {
		t.Errorf("%+v", got)
	}
	eventually(t, "the source ends", func() bool { return w.Topic().Stats().State != topic.Running })
}

// FuzzDevice sends devices of any content.
func FuzzDevice(f *testing.F) {
	f.Add("aa", "Name", "1.0", uint64(3), uint32(2), uint32(5))
	f.Fuzz(func(t *testing.T, id, name, version string, flags uint64, state, status uint32) {
		firmware.CheckProgress(t, members{
			"DeviceId": id, "Name": name, "Version": version, "Flags": flags, "UpdateState": state, "Status": status, "Modified": flags,
		}.variants(), state, status)
	})
}
