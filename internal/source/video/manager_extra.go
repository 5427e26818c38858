package video

import (
	"encoding/json"
	"slices"
)

// SetExtra replaces Config.Extra of a stream by what change makes of its configuration,
// and stores it. The capture goes on. Errors are those of change, a *ValidationError if
// it is too long, or wrap ErrNotFound, or are about the state file.
func (m *Manager) SetExtra(id string, change func(Config) (json.RawMessage, error)) error {
	m.edit.Lock()
	defer m.edit.Unlock()
	s, err := m.Get(id)
	if err != nil {
		return err
	}
	cfg := s.Config()
	if cfg.Extra, err = change(cfg); err != nil {
		return err
	}
	if list := cfg.check(); len(list) > 0 {
		return &ValidationError{Issues: list}
	}
	configs := m.configs()
	configs[slices.IndexFunc(configs, func(c Config) bool { return c.ID == id })].Extra = cfg.Extra
	if err := m.store.save(configs); err != nil {
		return err
	}
	s.mu.Lock()
	s.cfg.Extra = cfg.Extra
	s.mu.Unlock()
	m.tell(Change{Kind: Updated, ID: id})
	return nil
}
