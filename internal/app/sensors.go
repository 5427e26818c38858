package app

import (
	"log/slog"
	"slices"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/server/statedir"
	"github.com/heliograph/heliograph/internal/source/firmware"
	"github.com/heliograph/heliograph/internal/source/iio"
	"github.com/heliograph/heliograph/internal/source/led"
	"github.com/heliograph/heliograph/internal/source/power"
)

// What --simulate can plug in.
const (
	simulateIMU      = "imu"
	simulatePower    = "power"
	simulateLighting = "lighting"
)

const (
	simulationSeed  = 1
	simulatedLights = 12
)

// Simulations lists the devices that can be simulated.
func Simulations() []string {
	return []string{simulateIMU, simulatePower, simulateLighting, simulateOTA, simulateCamera}
}

// sensors are the sources behind the sensor channels.
type sensors struct {
	imu      *iio.IMU
	power    *power.Monitor
	lighting *led.Controller
	firmware *firmware.Watcher
	// environment are the sensors of what is around the device.
	environment *iio.Environment
}

// newSensors constructs them on the device's hardware or, where the user asks
// for it, on simulated devices, which say so in what they send.
func newSensors(cfg config.Config, state *statedir.Dir, log *slog.Logger) sensors {
	simulated := func(name string) bool { return slices.Contains(cfg.Simulate, name) }
	motion, rails, lights := iio.Hardware("/", log), power.Hardware("/"), led.Hardware("/", nil)
	if simulated(simulateIMU) {
		motion = iio.Simulated(simulationSeed)
	}
	if simulated(simulatePower) {
		rails = power.Simulated(simulationSeed)
	}
	if simulated(simulateLighting) {
		lights = led.Simulate(simulatedLights).Open
	}
	return sensors{
		imu:      iio.NewIMU(iio.IMUOptions{Open: motion, Store: state, Logger: log}),
		power:    power.New(rails, log),
		lighting: led.New(led.Options{Open: lights, Store: state, Logger: log}),
		firmware: firmware.New(firmware.Options{Logger: log}),

		environment: iio.NewEnvironment("/", log),
	}
}

func (s sensors) close() {
	s.imu.Close()
	s.power.Close()
	s.lighting.Close()
	s.firmware.Close()
	s.environment.Close()
}
