package iio

import (
	"context"
	"errors"
	"time"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/topic"
)

const (
	// rescan is the time between looks for a sensor while there is none.
	rescan = 2 * time.Second
	// maxFailures is how many readings in a row may fail before the sensor is
	// closed and looked for again.
	maxFailures = 5
)

// session is one run of the source.
type session struct {
	imu      *IMU
	out      *topic.Publisher[Status]
	unit     Unit
	tracker  fusion.Tracker
	now      order // in force
	status   Status
	failures int
	openAt   time.Time
	problem  string
	velocity fusion.Vec3 // at the last status
}

// run is the topic's source. It returns only when ctx is done: a device without a
// sensor is told in the status.
func (m *IMU) run(ctx context.Context, out *topic.Publisher[Status]) error {
	s := &session{imu: m, out: out}
	defer s.close()
	due := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.changed:
		case <-timer.C:
		}
		s.step(time.Now())
		every := s.now.config.Interval
		if s.unit == nil {
			every = rescan
		}
		now := time.Now()
		if due = due.Add(every); due.Before(now) || due.Sub(now) > every {
			due = now.Add(every) // late, or the interval has changed
		}
		timer.Reset(due.Sub(now))
	}
}

func (s *session) close() {
	if s.unit != nil {
		s.unit.Close()
		s.unit = nil
	}
}

// step looks at the settings and at the sensor once.
func (s *session) step(now time.Time) {
	before := s.now
	s.now = s.imu.order()
	fresh := s.now.version != before.version
	s.obey(before)
	if s.unit == nil && !s.open(now) {
		s.refuse(topic.ErrNotPresent)
		if fresh || s.status.LastError != s.problem || s.status.HasSample {
			s.status = blank(s.now.config, s.problem, s.now.version)
			s.out.Publish(s.status)
			s.out.Ready()
		}
		return
	}
	readings, err := s.unit.Read()
	if err != nil {
		s.fail(err, now)
		return
	}
	s.failures = 0
	taken := s.take(readings, now)
	if taken || (fresh && s.status.HasSample) {
		s.publish()
	}
	s.snap()
}

// obey carries out what has changed in the settings.
func (s *session) obey(before order) {
	was, is := before.config, s.now.config
	if before.version == 0 {
		return
	}
	switch {
	case was.GravityReferenceAxis != is.GravityReferenceAxis || was.Level != is.Level:
		s.tracker.Restart(false)
	case was.Fusion != is.Fusion:
		s.tracker.Restart(true)
	}
	if was.Interval != is.Interval && s.unit != nil {
		s.close() // the rate of the sensor and its buffer depend on it
		s.openAt = time.Time{}
	}
	if s.now.reset {
		s.tracker.ResetPose()
	}
}

// open opens the sensor if it is time to.
func (s *session) open(now time.Time) bool {
	if now.Before(s.openAt) {
		return false
	}
	unit, err := s.imu.opts.Open(s.now.config.Interval)
	if err != nil {
		s.openAt = now.Add(rescan)
		text := err.Error()
		if errors.Is(err, topic.ErrNotPresent) {
			text = absent
		}
		s.report(text)
		return false
	}
	s.unit, s.failures, s.problem = unit, 0, ""
	d := unit.Describe()
	s.imu.opts.Logger.Info("imu opened", "accel_gyro", d.AccelGyro, "magnetometer", d.Magnetometer, "simulated", d.Simulated)
	return true
}

// report notes a problem, and logs it once.
func (s *session) report(text string) {
	if s.problem == text {
		return
	}
	s.problem = text
	if text == absent {
		s.imu.opts.Logger.Debug("no imu")
		return
	}
	s.imu.opts.Logger.Warn("imu failed", "err", text)
}

// fail deals with a reading that failed. A few in a row are told and borne; then,
// and when the device is gone, the sensor is closed and looked for again.
func (s *session) fail(err error, now time.Time) {
	s.report(err.Error())
	if s.failures++; Gone(err) || s.failures >= maxFailures {
		s.close()
		s.openAt = now.Add(rescan)
		s.refuse(err)
		s.tracker.Restart(true)
		s.status = blank(s.now.config, s.problem, s.now.version)
	} else {
		s.status.LastError, s.status.version = s.problem, s.now.version
	}
	s.out.Publish(s.status)
}

// refuse tells whoever wants the device to be levelled why that cannot be.
func (s *session) refuse(err error) {
	if s.now.snap != nil {
		s.answer(err)
	}
}

func (s *session) answer(err error) {
	select {
	case s.now.snap <- err:
	default: // has been answered
	}
}

// take feeds the readings to the filter and reports whether there was one that
// could be used.
func (s *session) take(readings []Reading, now time.Time) bool {
	tracking := s.now.config.tracking()
	taken, dt := false, 0.0
	for _, r := range readings {
		result, ok := s.tracker.Update(tracking, r.Sample, r.Dt)
		if !ok {
			s.report("the sensor gives impossible values")
			continue
		}
		dt += r.Dt
		s.status.Motion = &result
		s.status.Accel, s.status.Gyro, s.status.Mag = r.Accel, r.Gyro, r.Mag
		taken = true
	}
	if taken {
		s.status.HasSample, s.status.UpdatedAt, s.status.Dt = true, now, max(dt, 0)
		s.problem = ""
	}
	return taken
}

// publish completes the status and hands it out.
func (s *session) publish() {
	st := s.status
	d := s.unit.Describe()
	st.Config, st.Options, st.version = s.now.config, s.now.config.options(), s.now.version
	st.LastError, st.Simulated = s.problem, d.Simulated
	st.AccelGyro, st.Magnetometer = d.AccelGyro, d.Magnetometer
	motion := *st.Motion
	motion.VelocityDelta = motion.Velocity.Sub(s.velocity)
	s.velocity = motion.Velocity
	angles := motion.Attitude.Euler(st.Config.angles())
	st.Motion, st.Attitude = &motion, &angles
	s.status = st
	s.out.Publish(st)
	s.out.Ready()
}

// snap levels the device if somebody waits for it and it rests.
func (s *session) snap() {
	if s.now.snap == nil || s.status.Motion == nil {
		return
	}
	mean, measured := s.tracker.MeanAccel()
	switch {
	case !s.status.Motion.HasLinear:
		s.answer(topic.ErrNotPresent)
	case measured && s.status.Motion.Still && len(s.now.snap) == 0:
		s.imu.level(mean)
		s.answer(nil)
	}
}
