package usb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heliograph/heliograph/internal/topic"
)

// news is a scripted Hotplug.
type news struct {
	tell   chan struct{}
	fail   chan error
	starts int
	mute   bool // does not say that it listens
}

func newNews() *news { return &news{tell: make(chan struct{}), fail: make(chan error)} }

func (n *news) hotplug(ctx context.Context, changed func()) error {
	n.starts++
	if !n.mute {
		changed()
	}
	for {
		select {
		case <-n.tell:
			changed()
		case err := <-n.fail:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// follow subscribes and waits until the source is ready.
func follow(t *testing.T, inv *Inventory) *topic.Subscription[Change] {
	t.Helper()
	sub, err := inv.Topic().Subscribe(topic.SubscribeOptions{Policy: topic.Gap})
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sub
}

// next returns the next change and how long it took to come; nil if there was
// none for an hour.
func next(t *testing.T, sub *topic.Subscription[Change]) (*Change, time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	began := time.Now()
	item, err := sub.Next(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, time.Since(began)
	}
	if err != nil {
		t.Fatal(err)
	}
	return &item.Event.Value, time.Since(began)
}

func TestHotplug(t *testing.T) {
	s := newSysfs(t)
	s.add("usb1", rootHub)
	s.add("1-1", camera)
	synctest.Test(t, func(t *testing.T) {
		n := newNews()
		inv := New(Options{Root: s.root, Hotplug: n.hotplug})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		if inv.Topic().Newest() != nil {
			t.Error("the devices of the beginning were told as a change")
		}
		s.add("1-2", coral)
		n.tell <- struct{}{}
		n.tell <- struct{}{}
		c, after := next(t, sub)
		if c == nil || after != quiet || len(c.Added) != 1 || c.Added[0].Name != "1-2" || len(c.Removed) != 0 || len(c.Devices) != 3 || c.Time.IsZero() {
			t.Fatalf("after %v: %+v", after, c)
		}
		s.remove("1-1")
		s.add("1-1", camera.with(attrs{"idProduct": "0826\n", "devnum": "9\n"}))
		n.tell <- struct{}{}
		if c, _ = next(t, sub); c == nil || len(c.Added) != 1 || len(c.Removed) != 1 || c.Removed[0].ProductID != 0x0825 || c.Added[0].ProductID != 0x0826 {
			t.Fatalf("exchanged: %+v", c)
		}
		// The same device again, with another address: the set has not changed.
		s.remove("1-1")
		s.add("1-1", camera.with(attrs{"idProduct": "0826\n", "devnum": "10\n"}))
		n.tell <- struct{}{}
		if c, _ = next(t, sub); c != nil {
			t.Fatalf("told %+v", c)
		}
	})
}

// News that never pause must not put off the look for ever.
func TestHotplugStorm(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		n := newNews()
		inv := New(Options{Root: s.root, Hotplug: n.hotplug})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		s.add("1-1", camera)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			tick := time.NewTicker(quiet / 2)
			defer tick.Stop()
			for {
				select {
				case n.tell <- struct{}{}:
					<-tick.C
				case <-stop:
					return
				}
			}
		}()
		c, after := next(t, sub)
		if c == nil || after > patience {
			t.Errorf("after %v: %+v", after, c)
		}
		close(stop)
		<-done
	})
}

func TestPollingWithoutNews(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		inv := New(Options{Root: s.root})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		s.add("1-1", camera)
		if c, after := next(t, sub); c == nil || after != pollInterval || len(c.Added) != 1 {
			t.Errorf("after %v: %+v", after, c)
		}
		s.remove("1-1")
		if c, after := next(t, sub); c == nil || after != pollInterval || len(c.Removed) != 1 || len(c.Devices) != 0 {
			t.Errorf("after %v: %+v", after, c)
		}
	})
}

func TestPollingWhenNewsFailAndBack(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		n := newNews()
		inv := New(Options{Root: s.root, Hotplug: n.hotplug})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		n.fail <- errors.New("no netlink")
		s.add("1-1", camera)
		if c, after := next(t, sub); c == nil || after != pollInterval {
			t.Fatalf("after %v: %+v", after, c)
		}
		<-time.After(retryInterval + pollInterval)
		synctest.Wait()
		if n.starts != 2 {
			t.Fatalf("news were started %d times", n.starts)
		}
		s.add("1-2", camera)
		n.tell <- struct{}{}
		if c, after := next(t, sub); c == nil || after != quiet {
			t.Fatalf("after %v: %+v", after, c)
		}
	})
}

func TestNewsThatNeverBegin(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		inv := New(Options{Root: s.root, Hotplug: func(context.Context, func()) error { return errors.New("not permitted") }})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		s.add("1-1", camera)
		if c, after := next(t, sub); c == nil || after != pollInterval {
			t.Errorf("after %v: %+v", after, c)
		}
	})
}

// In some namespaces the news are silent though they seem to work. The safety
// look finds out, and polling begins until they are heard again.
func TestDeafNews(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		n := newNews()
		inv := New(Options{Root: s.root, Hotplug: n.hotplug})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		s.add("1-1", camera)
		if c, after := next(t, sub); c == nil || after != safetyInterval {
			t.Fatalf("after %v: %+v", after, c)
		}
		s.add("1-2", camera)
		if c, after := next(t, sub); c == nil || after != pollInterval {
			t.Fatalf("after %v: %+v", after, c)
		}
		n.tell <- struct{}{}
		synctest.Wait()
		<-time.After(time.Second)
		s.add("1-3", camera)
		if c, after := next(t, sub); c == nil || after < safetyInterval-2*time.Second {
			t.Fatalf("still polling: after %v %+v", after, c)
		}
	})
}

func TestUSBThatComesLater(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		inv := New(Options{Root: root})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		if c, _ := next(t, sub); c != nil {
			t.Fatalf("told %+v", c)
		}
		s := sysfs{t, root}
		s.mkdir("sys/bus/usb/devices")
		s.add("usb1", rootHub)
		if c, _ := next(t, sub); c == nil || len(c.Added) != 1 {
			t.Errorf("told %+v", c)
		}
		if st := inv.Topic().Stats(); st.Starts != 1 || st.State != topic.Running {
			t.Errorf("source was started %d times, is %v", st.Starts, st.State)
		}
	})
}

func TestUnreadableForAWhile(t *testing.T) {
	s := newSysfs(t)
	s.add("1-1", camera)
	devices := filepath.Join(s.root, "sys/bus/usb/devices")
	synctest.Test(t, func(t *testing.T) {
		inv := New(Options{Root: s.root})
		defer inv.Close()
		sub := follow(t, inv)
		defer sub.Close()
		if err := os.Rename(devices, devices+".away"); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(devices, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if c, _ := next(t, sub); c != nil {
			t.Fatalf("a failure was told as a change: %+v", c)
		}
		if err := os.Rename(devices+".away", devices+".back"); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(devices), os.Rename(devices+".back", devices)); err != nil {
			t.Fatal(err)
		}
		s.add("1-2", camera)
		if c, _ := next(t, sub); c == nil || len(c.Added) != 1 || len(c.Removed) != 0 {
			t.Errorf("told %+v", c)
		}
	})
}

func TestNobodyNothing(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		n := newNews()
		inv := New(Options{Root: s.root, Hotplug: n.hotplug})
		defer inv.Close()
		<-time.After(time.Hour)
		if n.starts != 0 {
			t.Fatal("news without a subscriber")
		}
		sub := follow(t, inv)
		other := follow(t, inv)
		if n.starts != 1 {
			t.Errorf("news were started %d times for two", n.starts)
		}
		sub.Close()
		other.Close()
		<-time.After(time.Minute)
		synctest.Wait()
		if st := inv.Topic().Stats(); st.State != topic.Idle {
			t.Errorf("still %v", st.State)
		}
	})
}

// Cancelled while the news have not said that they listen.
func TestCancelledBeforeReady(t *testing.T) {
	s := newSysfs(t)
	synctest.Test(t, func(t *testing.T) {
		n := newNews()
		n.mute = true
		inv := New(Options{Root: s.root, Hotplug: n.hotplug})
		if _, err := inv.Topic().Subscribe(topic.SubscribeOptions{}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		inv.Close()
	})
}

func BenchmarkLook(b *testing.B) {
	inv := New(Options{Root: benchTree(b)})
	b.Run("fingerprint", func(b *testing.B) {
		for b.Loop() {
			if _, err := inv.fingerprint(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("scan", func(b *testing.B) {
		for b.Loop() {
			if _, err := inv.Scan(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// benchTree has two root hubs, a hub and eight devices.
func benchTree(b *testing.B) string {
	s := newSysfs(b)
	s.add("usb1", rootHub)
	s.add("usb2", rootHub)
	s.add("1-1", hub)
	for _, name := range []string{"1-1.1", "1-1.2", "1-1.3", "1-1.4", "1-2", "1-3", "2-1", "2-2"} {
		s.add(name, camera)
		s.add(name+":1.0", attrs{"bInterfaceNumber": "00", "bInterfaceClass": "0e"})
	}
	return s.root
}
