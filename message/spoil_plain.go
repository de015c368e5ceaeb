//go:build !invariants

package message

// spoil does something only where invariants are checked.
func (m *Message) spoil() {}

// requireAlive does something only where invariants are checked.
func (m *Message) requireAlive() {}
