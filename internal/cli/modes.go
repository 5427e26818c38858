package cli

import (
	"slices"
	"strconv"
	"strings"
)

// A modeTracker follows which modes of the terminal the programs of a shell have
// switched on, so that they can be switched off when we leave in the middle of
// one. It keeps at most maxSequence bytes between calls.
type modeTracker struct {
	state    int // of the scanner: see feed
	sequence []byte
	on       map[string]bool // private modes (DECSET) that are set
	hidden   bool            // the cursor, which is shown by default
}

// maxSequence bounds an escape sequence; a longer one is not about modes.
const maxSequence = 32

const (
	scanText = iota
	scanEscape
	scanCSI
)

// troubles tells whether a private mode troubles the user's own shell: cursor
// keys, mouse reports, the second screen, bracketed paste, held-back output.
func troubles(mode string) bool {
	switch mode {
	case "1", "9", "47", "1047", "1049", "2004", "2026":
		return true
	}
	return len(mode) == 4 && strings.HasPrefix(mode, "10") // 1000 to 1016
}

// feed looks through output.
func (t *modeTracker) feed(output string) {
	for i := range len(output) {
		b := output[i]
		switch {
		case b == 0x1b:
			t.state = scanEscape
		case t.state == scanEscape && b == '[':
			t.state, t.sequence = scanCSI, t.sequence[:0]
		case t.state == scanEscape && b == 'c': // full reset
			t.state, t.on, t.hidden = scanText, nil, false
		case t.state == scanCSI && b >= 0x20 && b < 0x40 && len(t.sequence) < maxSequence:
			t.sequence = append(t.sequence, b)
		case t.state == scanCSI && (b == 'h' || b == 'l'):
			t.set(string(t.sequence), b == 'h')
			t.state = scanText
		default:
			t.state = scanText
		}
	}
}

func (t *modeTracker) set(params string, on bool) {
	list, private := strings.CutPrefix(params, "?")
	if !private {
		return
	}
	for mode := range strings.SplitSeq(list, ";") {
		switch {
		case mode == "25":
			t.hidden = !on
		case !troubles(mode):
		case on:
			if t.on == nil {
				t.on = make(map[string]bool)
			}
			t.on[mode] = true
		default:
			delete(t.on, mode)
		}
	}
}

// undo gives the output that brings the terminal back to its defaults.
func (t *modeTracker) undo() string {
	var modes []int
	for mode := range t.on {
		if n, err := strconv.Atoi(mode); err == nil {
			modes = append(modes, n)
		}
	}
	slices.Sort(modes)
	var b strings.Builder
	for _, n := range modes {
		b.WriteString("\x1b[?" + strconv.Itoa(n) + "l")
	}
	if t.hidden {
		b.WriteString("\x1b[?25h")
	}
	b.WriteString("\x1b[0m\x1b(B\x1b>") // colours, character set and keypad
	return b.String()
}
