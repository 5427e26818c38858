package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/heliograph/heliograph/client"
	"golang.org/x/term"
)

// printJSON writes one value as one line.
func printJSON(out io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = out.Write(append(data, '\n'))
	return err
}

// table writes rows in columns; the first row is the head.
func table(out io.Writer, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = plain(cell)
		}
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t "))
	}
	return w.Flush()
}

// plain makes text safe for a terminal: nothing in it can move the cursor,
// change colours or answer for the keyboard. Tabs stay.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// terminal gives the file behind a stream if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// gapJSON is a gap as a program reads it.
type gapJSON struct {
	Since    time.Time  `json:"since"`
	Until    *time.Time `json:"until"` // null while the connection is down
	Cause    string     `json:"cause"`
	Attempts int        `json:"attempts"`
}

func gapOf(g *client.Gap) gapJSON {
	out := gapJSON{Since: g.Since, Attempts: g.Attempts}
	if g.Cause != nil {
		out.Cause = g.Cause.Error()
	}
	if g.Back() {
		out.Until = &g.Until
	}
	return out
}

// gapText is a gap as people read it.
func gapText(g *client.Gap) string {
	if g.Back() {
		return fmt.Sprintf("connection is back after %s; what was sent since %s may be missing",
			g.Until.Sub(g.Since).Round(100*time.Millisecond), g.Since.Format(time.TimeOnly))
	}
	return fmt.Sprintf("connection lost (last heard of at %s): %v; trying again", g.Since.Format(time.TimeOnly), g.Cause)
}

// notice writes a line on standard error.
func (s *shared) notice(format string, values ...any) {
	fmt.Fprintf(s.streams.Err, "heliograph: "+format+"\n", values...)
}
