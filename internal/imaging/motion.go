package imaging

import (
	"image"
	"time"
)

func motionKind() Kind {
	return Kind{
		Name: "motion", Doc: "marks what changed since the previous picture and tells how much it was", Data: true,
		Params: []Param{
			number("threshold", "least change of the luma, 1..255", 1, 255, 24),
			number("cell", "size of the compared cells, pixels", 4, 64, 16),
		},
		make: func(v values) (Processor, error) {
			return &motion{threshold: v.int("threshold"), cell: v.int("cell")}, nil
		},
	}
}

// Motion is the data of a motion step.
type Motion struct {
	Moving  bool    `json:"moving"`
	Percent float64 `json:"percent"` // share of the picture that changed
	Box     *Box    `json:"box"`     // around all that changed; null if nothing did
}

// Box is a rectangle in pixels.
type Box struct {
	X      int `json:"x"`
	Y      int `json:"y"`
	Width  int `json:"width"`
	Height int `json:"height"`
}

// motion compares the mean luma of cells with that of the previous picture.
type motion struct {
	threshold, cell int
	size            image.Point
	last            []int
}

// Process implements Processor.
func (m *motion) Process(in *image.RGBA, _ time.Time) (Result, error) {
	size := in.Rect.Size()
	cols, rows := (size.X+m.cell-1)/m.cell, (size.Y+m.cell-1)/m.cell
	means := make([]int, cols*rows)
	eachRows(size.Y, func(from, to int) {
		// Each call has the rows of cells that begin in its rows.
		for row := (from + m.cell - 1) / m.cell; row*m.cell < to; row++ {
			for col := range cols {
				means[row*cols+col] = m.mean(in, m.rect(in, col, row))
			}
		}
	})
	known := m.size == size
	last := m.last
	m.size, m.last = size, means
	if !known {
		return Result{Image: in, Data: Motion{}}, nil
	}
	changed, bounds := 0, image.Rectangle{}
	for i := range means {
		if abs(means[i]-last[i]) < m.threshold {
			continue
		}
		r := m.rect(in, i%cols, i/cols)
		changed += r.Dx() * r.Dy()
		bounds = bounds.Union(r)
		tint(in, r)
	}
	found := Motion{Moving: changed > 0, Percent: 100 * float64(changed) / float64(max(size.X*size.Y, 1))}
	if found.Moving {
		found.Box = boxOf(bounds)
	}
	return Result{Image: in, Data: found}, nil
}

func (m *motion) rect(img *image.RGBA, col, row int) image.Rectangle {
	return image.Rect(col*m.cell, row*m.cell, (col+1)*m.cell, (row+1)*m.cell).Intersect(image.Rectangle{Max: img.Rect.Size()})
}

func (m *motion) mean(img *image.RGBA, r image.Rectangle) int {
	sum := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := img.Pix[y*img.Stride:]
		for x := r.Min.X; x < r.Max.X; x++ {
			sum += int(luma(row[4*x:]))
		}
	}
	return sum / max(r.Dx()*r.Dy(), 1)
}

// tint makes an area reddish.
func tint(img *image.RGBA, r image.Rectangle) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := img.Pix[y*img.Stride:]
		for x := r.Min.X; x < r.Max.X; x++ {
			p := row[4*x : 4*x+3 : 4*x+3]
			p[0] = 255 - (255-p[0])/2
			p[1], p[2] = p[1]/2, p[2]/2
		}
	}
}

func boxOf(r image.Rectangle) *Box { return &Box{r.Min.X, r.Min.Y, r.Dx(), r.Dy()} }
