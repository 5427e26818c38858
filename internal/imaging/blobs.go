package imaging

import (
	"cmp"
	"image"
	"image/color"
	"slices"
	"time"
)

// maxBlobs bounds the blobs that are told, the largest ones.
const maxBlobs = 64

func blobsKind() Kind {
	return Kind{
		Name: "blobs", Doc: "finds connected bright areas and draws a box around each", Data: true, Localization: "detection",
		Params: []Param{
			number("threshold", "least luma of a blob, 0..255", 0, 255, 128),
			number("min_area", "least size, pixels", 1, 1e7, 64),
		},
		make: func(v values) (Processor, error) {
			return &blobs{threshold: byte(v.int("threshold")), minArea: v.int("min_area")}, nil
		},
	}
}

// Blob is one connected bright area.
type Blob struct {
	Box
	Area int     `json:"area"` // pixels
	CX   float64 `json:"cx"`   // centre of mass, pixels
	CY   float64 `json:"cy"`
}

// Blobs is the data of a blobs step, the largest first.
type Blobs struct {
	Count int    `json:"count"` // all that were found, also beyond the list
	Blobs []Blob `json:"blobs"` // at most 64; never null
}

// blobs labels runs of bright pixels row by row and joins touching runs
// (union-find over runs, four-connected).
type blobs struct {
	threshold byte
	minArea   int
	y         []byte
}

type lineRun struct{ y, from, to, parent int } // [from, to)

// Process implements Processor.
func (b *blobs) Process(in *image.RGBA, _ time.Time) (Result, error) {
	b.y = lumaPlane(b.y, in)
	runs := b.runs(in.Rect.Dx(), in.Rect.Dy())
	found := b.gather(runs)
	told := Blobs{Count: len(found), Blobs: found[:min(len(found), maxBlobs)]}
	for _, f := range told.Blobs {
		drawBox(in, image.Rect(f.X, f.Y, f.X+f.Width, f.Y+f.Height), color.RGBA{0, 255, 0, 255}, 2)
	}
	return Result{Image: in, Data: told}, nil
}

func (b *blobs) runs(w, h int) []lineRun {
	var runs []lineRun
	above := 0 // index of the first run of the row above
	for y := range h {
		first := len(runs)
		row := b.y[y*w : (y+1)*w]
		for x := 0; x < w; x++ {
			if row[x] < b.threshold {
				continue
			}
			from := x
			for x < w && row[x] >= b.threshold {
				x++
			}
			runs = append(runs, lineRun{y, from, x, len(runs)})
		}
		connect(runs, above, first)
		above = first
	}
	return runs
}

// connect joins the runs from first on with those of the row above that touch
// them. Both rows are sorted, so one walk suffices.
func connect(runs []lineRun, above, first int) {
	i := above
	for j := first; j < len(runs); j++ {
		for i < first && runs[i].to <= runs[j].from {
			i++
		}
		for k := i; k < first && runs[k].from < runs[j].to; k++ {
			if runs[k].y == runs[j].y-1 {
				union(runs, k, j)
			}
		}
	}
}

func root(runs []lineRun, i int) int {
	for runs[i].parent != i {
		runs[i].parent = runs[runs[i].parent].parent
		i = runs[i].parent
	}
	return i
}

func union(runs []lineRun, a, b int) {
	ra, rb := root(runs, a), root(runs, b)
	if ra != rb {
		runs[max(ra, rb)].parent = min(ra, rb)
	}
}

// gather sums up the runs of each blob and drops the small ones.
func (b *blobs) gather(runs []lineRun) []Blob {
	type sum struct {
		area   int
		sx, sy float64
		bounds image.Rectangle
	}
	sums := map[int]*sum{}
	for i, r := range runs {
		at := root(runs, i)
		s := sums[at]
		if s == nil {
			s = &sum{}
			sums[at] = s
		}
		n := r.to - r.from
		s.area += n
		s.sx += float64(n) * (float64(r.from+r.to-1) / 2)
		s.sy += float64(n * r.y)
		s.bounds = s.bounds.Union(image.Rect(r.from, r.y, r.to, r.y+1))
	}
	found := []Blob{}
	for _, s := range sums {
		if s.area >= b.minArea {
			found = append(found, Blob{Box: *boxOf(s.bounds), Area: s.area, CX: s.sx / float64(s.area), CY: s.sy / float64(s.area)})
		}
	}
	slices.SortFunc(found, func(a, b Blob) int {
		return cmp.Or(cmp.Compare(b.Area, a.Area), cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X))
	})
	return found
}
