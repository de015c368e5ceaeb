package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
)

// saltSize is in octets.
const saltSize = 16

// passwordHash is SHA-256 over a random salt and the password.
type passwordHash struct {
	salt [saltSize]byte
	sum  [sha256.Size]byte
}

func hashPassword(password string) passwordHash {
	var h passwordHash
	fillRandom(h.salt[:])
	h.sum = h.of(password)
	return h
}

// unmatchable is a hash that no password has been found for.
func unmatchable() passwordHash {
	var h passwordHash
	fillRandom(h.salt[:])
	fillRandom(h.sum[:])
	return h
}

func (h *passwordHash) of(password string) [sha256.Size]byte {
	return sha256.Sum256(append(h.salt[:], password...))
}

func (h *passwordHash) matches(password string) bool {
	sum := h.of(password)
	return subtle.ConstantTimeCompare(sum[:], h.sum[:]) == 1
}

// fillRandom relies on crypto/rand ending the process itself when the system
// has no randomness: since Go 1.24 Read returns no error.
func fillRandom(dst []byte) { _, _ = rand.Read(dst) }
