package slots

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

const (
	maxState = 4 << 10
	maxTries = 99
)

// errState says that a boot state file is not what was written.
var errState = errors.New("boot state is damaged")

// What is known of the content of a slot.
const (
	contentEmpty = "empty" // nothing whole, or not known to be
	contentTrial = "trial" // written and read back, not yet confirmed
	contentGood  = "good"  // confirmed
	contentBad   = "bad"   // was booted in vain
)

// bootState is the content of the boot state file.
type bootState struct {
	Active string // slot confirmed last
	Trial  string // slot to be booted while Tries last; empty if none is
	Tries  int    // boots of Trial that are left
	Booted string // slot that was selected at the last boot; empty if unknown
	Boots  uint64 // times a slot was selected
	Update string // update that wrote the slot on trial, or was confirmed last
	Slots  [2]slotState
}

// slotState is what is known of a slot.
type slotState struct {
	Name    string
	Content string
	SHA256  string // of the image written, 64 hex digits or empty
	Size    int64  // of the image written
	Version string
	At      int64 // when it was written, Unix seconds
}

// slot returns the slot of a name, which must be there.
func (s *bootState) slot(name string) *slotState {
	if s.Slots[1].Name == name {
		return &s.Slots[1]
	}
	return &s.Slots[0]
}

func (s *bootState) has(name string) bool { return s.Slots[0].Name == name || s.Slots[1].Name == name }

// fallback is the state with what is not confirmed left out: what boot.bak holds.
func (s bootState) fallback() bootState {
	s.Trial, s.Tries, s.Booted = "", 0, ""
	for i := range s.Slots {
		if sl := &s.Slots[i]; sl.Name != s.Active && sl.Content == contentTrial {
			sl.Content = contentEmpty
		}
	}
	return s
}

// lines gives the fields in their order.
func (s *bootState) lines() [][2]string {
	l := [][2]string{
		{"format", "1"}, {"active", s.Active}, {"trial", s.Trial}, {"tries", strconv.Itoa(s.Tries)},
		{"booted", s.Booted}, {"boots", strconv.FormatUint(s.Boots, 10)}, {"update", s.Update},
	}
	for i, sl := range s.Slots {
		p := "slot" + strconv.Itoa(i) + "."
		l = append(l, [2]string{p + "name", sl.Name}, [2]string{p + "content", sl.Content}, [2]string{p + "sha256", sl.SHA256},
			[2]string{p + "size", strconv.FormatInt(sl.Size, 10)}, [2]string{p + "version", sl.Version},
			[2]string{p + "at", strconv.FormatInt(sl.At, 10)})
	}
	return l
}

// encode makes the content of the file.
func (s *bootState) encode() []byte {
	var b bytes.Buffer
	for _, kv := range s.lines() {
		b.WriteString(kv[0] + "=" + kv[1] + "\n")
	}
	sum := sha256.Sum256(b.Bytes())
	b.WriteString("sum=" + hex.EncodeToString(sum[:]) + "\n")
	return b.Bytes()
}

// parseState reads a file; all but exactly what encode makes is damaged.
func parseState(data []byte) (bootState, error) {
	if len(data) > maxState {
		return bootState{}, errState
	}
	v := map[string]string{}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		v[key] = value
	}
	s := bootState{Active: v["active"], Trial: v["trial"], Booted: v["booted"], Update: v["update"]}
	var err [6]error
	s.Tries, err[0] = strconv.Atoi(v["tries"])
	s.Boots, err[1] = strconv.ParseUint(v["boots"], 10, 64)
	for i := range s.Slots {
		p := "slot" + strconv.Itoa(i) + "."
		sl := slotState{Name: v[p+"name"], Content: v[p+"content"], SHA256: v[p+"sha256"], Version: v[p+"version"]}
		sl.Size, err[2+2*i] = strconv.ParseInt(v[p+"size"], 10, 64)
		sl.At, err[3+2*i] = strconv.ParseInt(v[p+"at"], 10, 64)
		s.Slots[i] = sl
	}
	if errors.Join(err[:]...) != nil {
		return bootState{}, fmt.Errorf("%w: a number is none", errState)
	}
	if err := s.check(); err != nil {
		return bootState{}, fmt.Errorf("%w: %w", errState, err)
	}
	if !bytes.Equal(s.encode(), data) { // order, spelling, nothing else, and the checksum
		return bootState{}, errState
	}
	return s, nil
}

// check finds states that are never written.
func (s *bootState) check() error {
	a, b := s.Slots[0].Name, s.Slots[1].Name
	switch {
	case !slotName(a) || !slotName(b) || a == b:
		return errors.New("bad names of slots")
	case !s.has(s.Active):
		return errors.New("no slot is active")
	case s.Trial != "" && (!s.has(s.Trial) || s.Trial == s.Active || s.slot(s.Trial).Content != contentTrial):
		return errors.New("no such slot can be on trial")
	case s.Tries < 0 || s.Tries > maxTries || s.Trial == "" && s.Tries != 0:
		return errors.New("bad number of tries")
	case s.Booted != "" && !s.has(s.Booted):
		return errors.New("no such slot can be booted")
	case s.Update != "" && uuid.Validate(s.Update) != nil:
		return errors.New("bad update id")
	}
	for _, sl := range s.Slots {
		if err := sl.check(); err != nil {
			return err
		}
	}
	return nil
}

func (sl slotState) check() error {
	switch sl.Content {
	case contentEmpty, contentTrial, contentGood, contentBad:
	default:
		return errors.New("bad content of a slot")
	}
	if sum, err := hex.DecodeString(sl.SHA256); err != nil || len(sum) != 0 && len(sum) != sha256.Size {
		return errors.New("bad checksum of a slot")
	}
	if sl.Size < 0 || !printable(sl.Version) {
		return errors.New("bad description of a slot")
	}
	return nil
}

// slotName tells whether a name may be a slot's: 1 to 16 lower-case letters,
// digits, dots, dashes and underscores.
func slotName(s string) bool {
	if len(s) == 0 || len(s) > 16 {
		return false
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return false
		}
	}
	return true
}
