package redact

// minStart is how much of the beginning of a word is looked at, in bytes.
const minStart = 3

// starts finds the beginnings of up to 32 words in one pass. It has, for each of the
// first bytes of a word, the bits of those words that have a byte there.
type starts [minStart][256]uint32

// add gives a word, of three bytes at least, a bit.
func (s *starts) add(word string, bit uint32) {
	for i := range s {
		s[i][word[i]] |= bit
	}
}

// seen returns the bits of the words whose beginnings are in a text, and perhaps of
// some that are not.
func seen[T string | []byte](s *starts, text T) (bits uint32) {
	first, second, third := &s[0], &s[1], &s[2]
	var one, two uint32 // words whose first byte, or first two bytes, come before i
	for i := range len(text) {
		c := text[i]
		bits |= two & third[c]
		two = one & second[c]
		one = first[c]
	}
	return bits
}
