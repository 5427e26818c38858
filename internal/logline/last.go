package logline

// Last keeps the newest lines, bounded by their number and by the sum of their
// sizes. The newest line is always kept. It is not safe for concurrent use.
type Last struct {
	lines    []Line
	start    int
	bytes    int
	maxLines int
	maxBytes int
}

// NewLast returns a collector of at most maxLines lines and maxBytes bytes as
// counted by [Size].
func NewLast(maxLines, maxBytes int) *Last {
	return &Last{maxLines: max(maxLines, 0), maxBytes: maxBytes}
}

// Add appends a line and drops the oldest ones that are too many.
func (l *Last) Add(line Line) {
	if l.maxLines == 0 {
		return
	}
	l.lines = append(l.lines, line)
	l.bytes += Size(line)
	for n := len(l.lines) - l.start; n > 1 && (n > l.maxLines || l.bytes > l.maxBytes); n-- {
		l.bytes -= Size(l.lines[l.start])
		l.lines[l.start] = Line{}
		l.start++
	}
	// Compacting at half keeps the cost of an Add constant on average.
	if l.start > len(l.lines)/2 {
		n := copy(l.lines, l.lines[l.start:])
		clear(l.lines[n:])
		l.lines, l.start = l.lines[:n], 0
	}
}

// Lines returns the lines held, oldest first. The slice belongs to l.
func (l *Last) Lines() []Line { return l.lines[l.start:] }

// Texts returns the text of the lines held, oldest first; never nil.
func (l *Last) Texts() []string {
	texts := make([]string, 0, len(l.Lines()))
	for _, line := range l.Lines() {
		texts = append(texts, line.Text)
	}
	return texts
}
