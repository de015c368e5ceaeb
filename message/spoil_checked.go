//go:build invariants

package message

// spoil makes whoever still reads a released message find out.
func (m *Message) spoil() {
	for i := range m.memory {
		m.memory[i] = 0xDB
	}
	m.Exchange, m.RoutingKey, m.Properties, m.Body = "released", "released", nil, nil
}
