package broker

import (
	"crypto/rand"
	"encoding/base64"
)

// GenerateName makes a unique name with the given prefix, as RabbitMQ does for
// server-named queues and consumer tags: 16 random octets in URL-safe base64
// without padding.
func GenerateName(prefix string) string {
	var octets [16]byte
	rand.Read(octets[:]) // never fails: crypto/rand ends the process instead
	return prefix + base64.RawURLEncoding.EncodeToString(octets[:])
}
