package iio

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/fusion"
	"github.com/heliograph/heliograph/internal/procfile"
)

// Kind is what a channel measures, in the words of the kernel.
type Kind string

// The kinds that this package reads, with the units of the values it gives.
const (
	Accel       Kind = "accel"            // g
	Gyro        Kind = "anglvel"          // deg/s
	Mag         Kind = "magn"             // gauss
	Pressure    Kind = "pressure"         // hPa
	Temperature Kind = "temp"             // °C
	Humidity    Kind = "humidityrelative" // percent
	Light       Kind = "illuminance"      // lux
	Proximity   Kind = "proximity"        // no unit; larger is nearer
)

// Unit returns the unit of the values.
func (k Kind) Unit() string {
	switch k {
	case Accel:
		return "g"
	case Gyro:
		return "deg/s"
	case Mag:
		return "gauss"
	case Pressure:
		return "hPa"
	case Temperature:
		return "°C"
	case Humidity:
		return "%"
	case Light:
		return "lx"
	}
	return ""
}

// factor turns the unit of the kernel's ABI into that of [Kind.Unit].
func (k Kind) factor() float64 {
	switch k {
	case Accel:
		return 1 / fusion.Gravity
	case Gyro:
		return 180 / math.Pi
	case Pressure:
		return 10
	case Temperature, Humidity:
		return 1e-3
	}
	return 1
}

func (k Kind) known() bool {
	switch k {
	case Accel, Gyro, Mag, Pressure, Temperature, Humidity, Light, Proximity:
		return true
	}
	return false
}

// Channel is one number that a device measures.
type Channel struct {
	Kind      Kind
	Modifier  string // "x", "ambient", …; may be empty
	Name      string // start of the names of its attributes, for example "in_accel_x"
	Processed bool   // the kernel gives the value itself, without scale and offset
}

// parseChannel reads the name of an attribute that holds a value:
// in_KIND[INDEX][_MODIFIER]_raw or _input.
func parseChannel(attribute string) (Channel, bool) {
	name, raw := strings.CutSuffix(attribute, "_raw")
	processed := false
	if !raw {
		if name, processed = strings.CutSuffix(attribute, "_input"); !processed {
			return Channel{}, false
		}
	}
	body, in := strings.CutPrefix(name, "in_")
	kind, modifier, _ := strings.Cut(body, "_")
	kind = strings.TrimRight(kind, "0123456789")
	c := Channel{Kind: Kind(kind), Modifier: modifier, Name: name, Processed: processed}
	return c, in && c.Kind.known()
}

// attribute returns the path of the attribute that holds the value.
func (c Channel) attribute(dir string) string {
	if c.Processed {
		return filepath.Join(dir, c.Name+"_input")
	}
	return filepath.Join(dir, c.Name+"_raw")
}

// conversion is the line from raw values to those in our unit.
type conversion struct{ offset, scale float64 }

func (c conversion) apply(raw float64) float64 { return (raw + c.offset) * c.scale }

// conversion reads scale and offset, which belong to the channel or to all
// channels of its kind. A raw channel without a scale has no unit that we know:
// its scale is taken for 1.
func (c Channel) conversion(dir string) (conversion, error) {
	conv := conversion{scale: c.Kind.factor()}
	if c.Processed {
		return conv, nil
	}
	shared := "in_" + string(c.Kind)
	scale, err := readFirst(1, filepath.Join(dir, c.Name+"_scale"), filepath.Join(dir, shared+"_scale"))
	if err != nil {
		return conv, err
	}
	conv.scale *= scale
	conv.offset, err = readFirst(0, filepath.Join(dir, c.Name+"_offset"), filepath.Join(dir, shared+"_offset"))
	return conv, err
}

// readFirst reads the first of the attributes that exists, or gives otherwise.
func readFirst(otherwise float64, paths ...string) (float64, error) {
	for _, path := range paths {
		file, err := procfile.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
		v, err := readFloat(file)
		file.Close()
		return v, err
	}
	return otherwise, nil
}

// readFloat reads an attribute that holds one number.
func readFloat(file *procfile.File) (float64, error) {
	text, err := file.ReadAttr()
	if err != nil {
		return 0, fmt.Errorf("read %s: %w", filepath.Base(file.Path()), err)
	}
	v, err := strconv.ParseFloat(procfile.Text(text), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("read %s: %w: %.32q is not a number", filepath.Base(file.Path()), ErrMalformed, text)
	}
	return v, nil
}

// probe is a channel that is open for reading.
type probe struct {
	file *procfile.File
	conv conversion
}

func openProbe(dir string, c Channel) (*probe, error) {
	conv, err := c.conversion(dir)
	if err != nil {
		return nil, err
	}
	file, err := procfile.Open(c.attribute(dir))
	if err != nil {
		return nil, fmt.Errorf("open channel %s: %w", c.Name, err)
	}
	return &probe{file: file, conv: conv}, nil
}

func (p *probe) read() (float64, error) {
	raw, err := readFloat(p.file)
	if err != nil {
		return 0, err
	}
	return p.conv.apply(raw), nil
}

// close may be called on nil.
func (p *probe) close() {
	if p != nil {
		p.file.Close()
	}
}
