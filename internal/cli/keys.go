package cli

import "strings"

// parseKeys reads keys that are typed one after the other, such as "ctrl-],d".
// "none" and "" give no keys.
func parseKeys(text string) ([]byte, error) {
	if text == "" || text == "none" {
		return nil, nil
	}
	var keys []byte
	for name := range strings.SplitSeq(text, ",") {
		key, ok := parseKey(name)
		if !ok {
			return nil, usagef("--detach-keys %q: %q is no key; a key is one character, or ctrl- and one of a-z @ [ \\ ] ^ _", text, name)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func parseKey(name string) (byte, bool) {
	if rest, ok := strings.CutPrefix(strings.ToLower(name), "ctrl-"); ok {
		if len(rest) != 1 {
			return 0, false
		}
		c := rest[0]
		switch {
		case c >= 'a' && c <= 'z':
			return c - 'a' + 1, true
		case c == '@':
			return 0, true
		case c >= '[' && c <= '_':
			return c - '@', true
		}
		return 0, false
	}
	if len(name) != 1 || name[0] < ' ' || name[0] > '~' {
		return 0, false
	}
	return name[0], true
}

// A detector looks for the detach keys in what is typed.
type detector struct {
	keys []byte
	held int // how many of the keys have been typed so far
}

// feed takes what was typed and gives what the shell shall get. Keys that may
// become the whole sequence are held back until it is clear. detach tells that
// the sequence is complete; what follows it is dropped.
func (d *detector) feed(typed []byte) (pass []byte, detach bool) {
	if len(d.keys) == 0 {
		return typed, false
	}
	for _, b := range typed {
		for d.held > 0 && b != d.keys[d.held] {
			pass = append(pass, d.release(b)...)
		}
		if b != d.keys[d.held] {
			pass = append(pass, b)
			continue
		}
		if d.held++; d.held == len(d.keys) {
			d.held = 0
			return pass, true
		}
	}
	return pass, false
}

// release lets go of the fewest held keys such that the rest, followed by b, may
// still be the beginning of the sequence, or of all.
func (d *detector) release(b byte) []byte {
	held := d.keys[:d.held]
	for n := 1; n <= len(held); n++ {
		rest := held[n:]
		if string(d.keys[:len(rest)]) == string(rest) && d.keys[len(rest)] == b || n == len(held) {
			d.held = len(rest)
			return held[:n]
		}
	}
	return nil
}
