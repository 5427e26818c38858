package procfile

import (
	"bytes"
	"math"
)

// Uint reads a decimal number at the start of b. It returns the number, how
// many bytes it takes, and whether there is one that fits.
func Uint(b []byte) (v uint64, n int, ok bool) {
	for n < len(b) {
		digit := b[n] - '0'
		if digit > 9 {
			break
		}
		if v > (math.MaxUint64-uint64(digit))/10 {
			return 0, n, false
		}
		v = v*10 + uint64(digit)
		n++
	}
	return v, n, n > 0
}

// Int reads a decimal number, which may be negative, from text that holds
// nothing else but white space around it.
func Int(b []byte) (int64, bool) {
	b = bytes.TrimSpace(b)
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	v, n, ok := Uint(b)
	if !ok || n != len(b) || v > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(v), true
	}
	return int64(v), true
}

// Line cuts the first line off b, without its newline.
func Line(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// Field cuts the first word off b; words are separated by spaces and tabs. The
// word is empty at the end.
func Field(b []byte) (word, rest []byte) {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	j := i
	for j < len(b) && b[j] != ' ' && b[j] != '\t' {
		j++
	}
	return b[i:j], b[j:]
}

// UintField cuts the first word off b as a number. A word that is not a whole
// number gives 0 and false.
func UintField(b []byte) (v uint64, rest []byte, ok bool) {
	word, rest := Field(b)
	v, n, ok := Uint(word)
	if !ok || n != len(word) {
		return 0, rest, false
	}
	return v, rest, true
}
