package console

// Bounds and default of the size of a terminal, in character cells.
const (
	MinCols     = 40
	MaxCols     = 320
	MinRows     = 12
	MaxRows     = 160
	DefaultCols = 120
	DefaultRows = 34
)

// Size is the size of a terminal in character cells.
type Size struct {
	Cols, Rows uint16
}

// DefaultSize returns 120 x 34.
func DefaultSize() Size { return Size{Cols: DefaultCols, Rows: DefaultRows} }

// ClampSize returns the permitted size that is nearest to cols x rows, each
// clamped on its own.
func ClampSize(cols, rows int) Size {
	return Size{
		Cols: uint16(min(max(cols, MinCols), MaxCols)),
		Rows: uint16(min(max(rows, MinRows), MaxRows)),
	}
}

func (s Size) clamp() Size { return ClampSize(int(s.Cols), int(s.Rows)) }

// orDefault puts the default where a side is 0.
func (s Size) orDefault() Size {
	if s.Cols == 0 {
		s.Cols = DefaultCols
	}
	if s.Rows == 0 {
		s.Rows = DefaultRows
	}
	return s
}
