package channels

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"unicode/utf8"

	"golang.org/x/term"
)

// floodEnv makes the test binary print that many bytes of flood and exit.
const floodEnv = "HELIOGRAPH_E2E_PRINT"

// flood is a text that tells at every line where one is.
type flood struct {
	text  []byte
	lines []int // where each line begins
}

// marks of a line's number; nothing else has these characters.
const markOpen, markClose = "⟦", "⟧"

// newFlood makes the flood of a size in bytes, always the same: numbered lines
// of characters of one to four bytes.
func newFlood(size int) *flood {
	random := rand.New(rand.NewPCG(1, 2))
	f := &flood{text: make([]byte, 0, size+4096)}
	alphabets := [][]rune{[]rune("abcdefghijklmnopqrstuvwxyz 0123456789"), []rune("äöüßéñçøåðþ"), []rune("€漢字仮名한글अआइ‰"), []rune("😀🚀🌍🎉𝄞𐍈")}
	for len(f.text) < size {
		f.lines = append(f.lines, len(f.text))
		f.text = fmt.Appendf(f.text, "%s%08d%s", markOpen, len(f.lines)-1, markClose)
		for range random.IntN(300) {
			alphabet := alphabets[random.IntN(len(alphabets))]
			f.text = utf8.AppendRune(f.text, alphabet[random.IntN(len(alphabet))])
		}
		f.text = append(f.text, '\n')
	}
	return f
}

// printFlood writes the flood to the terminal, unchanged, in chunks of 1 to 8192
// bytes, small and large ones equally often.
func printFlood(size string) error {
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	text := newFlood(n).text
	if _, err := term.MakeRaw(int(os.Stdin.Fd())); err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(3, 4))
	for len(text) > 0 {
		k := min(1+random.IntN(1<<random.IntN(14)), len(text))
		if _, err := os.Stdout.Write(text[:k]); err != nil {
			return err
		}
		text = text[k:]
	}
	return nil
}

// flooded checks that what one viewer sees is a part of the flood without gaps
// and duplicates.
type flooded struct {
	f     *flood
	head  []byte // what came before the place was known
	known bool
	from  int // where in the flood the part begins
	at    int // where it goes on
}

// add takes more output. It reports whether the end of the flood was reached.
func (p *flooded) add(output []byte) (ended bool, err error) {
	if !p.known {
		p.head = append(p.head, output...)
		output, err = p.locate()
		if err != nil || !p.known {
			return false, err
		}
	}
	want := p.f.text[p.at:]
	n := min(len(output), len(want))
	if !bytes.Equal(output[:n], want[:n]) {
		i := 0
		for output[i] == want[i] {
			i++
		}
		return false, fmt.Errorf("at byte %d of the flood, %d after the beginning of the part: got %.80q, want %.80q", p.at+i, p.at+i-p.from, output[i:], want[i:])
	}
	p.at += n
	return p.at == len(p.f.text), nil
}

// locate looks for the number of a line. When it has found one it returns what
// is to be compared from p.at on.
func (p *flooded) locate() (output []byte, err error) {
	const size = len(markOpen) + 8 + len(markClose)
	i := bytes.Index(p.head, []byte(markOpen))
	if i < 0 || len(p.head) < i+size {
		return nil, nil
	}
	line, err := strconv.Atoi(string(p.head[i+len(markOpen) : i+len(markOpen)+8]))
	if err != nil || line >= len(p.f.lines) {
		return nil, fmt.Errorf("no number of a line in %.60q", p.head[i:])
	}
	p.known = true
	p.from = max(0, p.f.lines[line]-i) // before the flood there was a prompt
	p.at = p.from
	return p.head[i-(p.f.lines[line]-p.from):], nil
}

// The check itself finds what it is there to find.
func TestFlooded(t *testing.T) {
	f := newFlood(100_000)
	cut := func(from, to int) []byte { return f.text[from:to] }
	prompt := []byte("$ print\r\n")
	for name, c := range map[string]struct {
		pieces []([]byte)
		good   bool
	}{
		"whole":      {[][]byte{prompt, cut(0, 50_000), cut(50_000, 100_000)}, true},
		"a part":     {[][]byte{cut(12_345, 12_346), cut(12_346, 30_000)}, true},
		"a gap":      {[][]byte{cut(0, 50_000), cut(50_001, 60_000)}, false},
		"twice":      {[][]byte{cut(1000, 50_000), cut(49_999, 60_000)}, false},
		"in a line":  {[][]byte{cut(1000, 1002), cut(1003, 9000)}, false},
		"split rune": {[][]byte{cut(0, 5000), []byte("\uFFFD"), cut(5000, 6000)}, false},
	} {
		p := flooded{f: f}
		var failed error
		for _, piece := range c.pieces {
			if _, err := p.add(piece); err != nil {
				failed = err
				break
			}
		}
		if (failed == nil) != c.good || c.good && !p.known {
			t.Errorf("%s: %v", name, failed)
		}
	}
}
