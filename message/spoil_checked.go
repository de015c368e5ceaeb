//go:build invariants

package message

// spoil makes whoever still reads a released message find out.
func (m *Message) spoil() {
	for i := range m.memory {
		m.memory[i] = 0xDB
	}
	m.Exchange, m.RoutingKey, m.Properties, m.Body = "released", "released", nil, nil
	m.share = spoiled
}

// spoiled is the share of a released message.
const spoiled = -1

// requireAlive finds out whoever asks for the sizes of a released message.
func (m *Message) requireAlive() {
	if m.share == spoiled {
		panic("message: used after its release")
	}
}
