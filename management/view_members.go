package management

import (
	"bytes"
	"time"
)

// members is a JSON object whose members are known only when it is made, in their
// order.
type members []member

type member struct {
	key   string
	value any
}

// set adds a member.
func (m *members) set(key string, value any) { *m = append(*m, member{key, value}) }

// counted adds a counter and how it changes.
func (m *members) counted(key string, n int64, d details) {
	m.set(key, n)
	m.set(key+"_details", d)
}

// averaged adds how long something took on average, in milliseconds.
func (m *members) averaged(key string, took time.Duration, times int64) {
	average := 0.0
	if times > 0 {
		average = float64(took) / float64(time.Millisecond) / float64(times)
	}
	m.set(key, average)
	m.set(key+"_details", details{Rate: average})
}

// Lookup finds a member for sorting and columns.
func (m members) Lookup(key string) (any, bool) {
	for i := range m {
		if m[i].key == key {
			return m[i].value, true
		}
	}
	return nil, false
}

// MarshalJSON writes the members in their order.
func (m members) MarshalJSON() ([]byte, error) {
	var buffer bytes.Buffer
	buffer.WriteByte('{')
	for i := range m {
		if i > 0 {
			buffer.WriteByte(',')
		}
		if err := encodeJSON(&buffer, m[i].key); err != nil {
			return nil, err
		}
		buffer.WriteByte(':')
		if err := encodeJSON(&buffer, m[i].value); err != nil {
			return nil, err
		}
	}
	buffer.WriteByte('}')
	return buffer.Bytes(), nil
}
