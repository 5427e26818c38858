package iio

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/heliograph/heliograph/internal/fusion"
)

// ErrMalformed is wrapped by the errors of what the kernel's text should be but
// is not.
var ErrMalformed = errors.New("malformed attribute")

// Matrix is a mount matrix by rows.
type Matrix [3][3]float64

// IdentityMatrix leaves vectors as they are.
func IdentityMatrix() Matrix { return Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}} }

// ParseMatrix reads a mount matrix as the kernel writes it: three rows that
// semicolons divide, of three numbers that commas divide. It must be invertible,
// with entries between -2 and 2. Errors wrap [ErrMalformed].
func ParseMatrix(text string) (Matrix, error) {
	var m Matrix
	rows := strings.Split(strings.TrimSpace(text), ";")
	if len(rows) != 3 {
		return m, fmt.Errorf("%w: mount matrix has %d rows", ErrMalformed, len(rows))
	}
	for i, row := range rows {
		cells := strings.Split(row, ",")
		if len(cells) != 3 {
			return m, fmt.Errorf("%w: row of the mount matrix has %d numbers", ErrMalformed, len(cells))
		}
		for j, cell := range cells {
			v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
			if err != nil || !(math.Abs(v) <= 2) {
				return m, fmt.Errorf("%w: %q in the mount matrix", ErrMalformed, cell)
			}
			m[i][j] = v
		}
	}
	if math.Abs(m.det()) < 1e-3 {
		return m, fmt.Errorf("%w: mount matrix has no inverse", ErrMalformed)
	}
	return m, nil
}

func (m Matrix) det() float64 {
	return m[0][0]*(m[1][1]*m[2][2]-m[1][2]*m[2][1]) -
		m[0][1]*(m[1][0]*m[2][2]-m[1][2]*m[2][0]) +
		m[0][2]*(m[1][0]*m[2][1]-m[1][1]*m[2][0])
}

// Apply returns the matrix times v.
func (m Matrix) Apply(v fusion.Vec3) fusion.Vec3 {
	return fusion.Vec3{
		X: m[0][0]*v.X + m[0][1]*v.Y + m[0][2]*v.Z,
		Y: m[1][0]*v.X + m[1][1]*v.Y + m[1][2]*v.Z,
		Z: m[2][0]*v.X + m[2][1]*v.Y + m[2][2]*v.Z,
	}
}
