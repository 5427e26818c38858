package cli

import "unicode/utf8"

// Names of keys that are not characters.
const (
	keyUp rune = -(iota + 2)
	keyDown
	keyPageUp
	keyPageDown
	keyHome
	keyEnd
	keyEscape
)

const (
	ctrlC     = 0x03
	backspace = 0x08
	enter     = '\r'
	ctrlU     = 0x15
	del       = 0x7f
)

// A keyReader makes keys of what a terminal sends. A sequence that is cut
// between two reads is completed by the next; a lone escape is the Esc key.
type keyReader struct{ rest string }

// read gives the keys in text.
func (k *keyReader) read(text string) (keys []rune) {
	text, k.rest = k.rest+text, ""
	for len(text) > 0 {
		key, n := nextKey(text)
		if n == 0 {
			if len(text) < 16 {
				k.rest = text
			}
			return keys
		}
		if key != 0 {
			keys = append(keys, key)
		}
		text = text[n:]
	}
	return keys
}

// nextKey gives the first key of text and its length; 0 for one that is not
// whole, key 0 for one that means nothing here.
func nextKey(text string) (key rune, n int) {
	if text[0] != 0x1b {
		if !utf8.FullRuneInString(text) {
			return 0, 0
		}
		r, n := utf8.DecodeRuneInString(text)
		return r, n
	}
	if len(text) == 1 || text[1] != '[' && text[1] != 'O' {
		return keyEscape, 1
	}
	for i := 2; i < len(text); i++ {
		if c := text[i]; c >= 0x40 && c < 0x7f {
			return sequenceKey(text[2 : i+1]), i + 1
		}
	}
	return 0, 0
}

func sequenceKey(s string) rune {
	switch s {
	case "A":
		return keyUp
	case "B":
		return keyDown
	case "H", "1~", "7~":
		return keyHome
	case "F", "4~", "8~":
		return keyEnd
	case "5~":
		return keyPageUp
	case "6~":
		return keyPageDown
	}
	return 0
}

// typed acts on what was typed.
func (v *topScreen) typed(text string) error {
	for _, key := range v.keys.read(text) {
		if key == ctrlC {
			return errQuit
		}
		if v.model.typing {
			v.model.edit(key)
		} else if v.model.command(key, len(v.shown)/2) {
			return errQuit
		}
	}
	return nil
}

// edit changes the filter.
func (m *topModel) edit(key rune) {
	switch key {
	case enter, '\n':
		m.typing = false
	case keyEscape:
		m.typing, m.filter = false, ""
	case backspace, del:
		_, n := utf8.DecodeLastRuneInString(m.filter)
		m.filter = m.filter[:len(m.filter)-n]
	case ctrlU:
		m.filter = ""
	default:
		if key >= ' ' && len(m.filter) < 128 {
			m.filter += string(key)
		}
	}
	m.scroll = 0
}

// command acts on a key outside the filter; page is how far a page goes. It
// tells whether to quit.
func (m *topModel) command(key rune, page int) (quit bool) {
	switch key {
	case 'q', 'Q':
		return true
	case 'c', 'm', 'v', 'p', 'n':
		m.sort = map[rune]string{'c': "cpu", 'm': "memory", 'v': "virtual", 'p': "pid", 'n': "name"}[key]
		m.scroll = 0
	case 'r':
		m.reverse = !m.reverse
	case '/':
		m.typing = true
	case keyEscape:
		m.filter = ""
	case ' ':
		m.paused = !m.paused
	case keyUp, 'k':
		m.scroll--
	case keyDown, 'j':
		m.scroll++
	case keyPageUp:
		m.scroll -= page
	case keyPageDown:
		m.scroll += page
	case keyHome, 'g':
		m.scroll = 0
	case keyEnd, 'G':
		m.scroll = 1 << 30
	}
	return false
}
