package auth

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/argon2"
)

// The names of hashing algorithms. The first three are RabbitMQ's; it cannot
// check the last one.
const (
	HashingSHA256   = "rabbit_password_hashing_sha256"
	HashingSHA512   = "rabbit_password_hashing_sha512"
	HashingMD5      = "rabbit_password_hashing_md5"
	HashingArgon2id = "leveret_password_hashing_argon2id"
)

// ErrNotBase64 means a password hash that is not base64.
var ErrNotBase64 = errors.New("a password hash is not base64")

const (
	// rabbitSalt is the length of RabbitMQ's salts in octets.
	rabbitSalt = 4
	argonSalt  = 16
	argonSum   = 32
	// The cost of a new Argon2id hash. The salt begins with both, so that they
	// can be raised without making old hashes worthless.
	argonTime   = 2
	argonMemory = 19 << 10 // KiB
	argonHeader = 1 + 4
	// The cost that is accepted in stored hashes.
	maxArgonTime   = 16
	maxArgonMemory = 256 << 10 // KiB
)

// secret is what a password is checked against. It is immutable. One that no
// password matches has no sum.
type secret struct {
	algorithm string
	salt, sum []byte
}

// usable tells whether a password may match.
func (s secret) usable() bool { return len(s.sum) > 0 }

// strong tells whether a check costs so much that it has to be rationed.
func (s secret) strong() bool { return s.algorithm == HashingArgon2id }

// derive is the sum of the password with the secret's salt.
func (s secret) derive(password string) []byte {
	salted := slices.Concat(s.salt, []byte(password))
	switch s.algorithm {
	case HashingSHA512:
		sum := sha512.Sum512(salted)
		return sum[:]
	case HashingMD5:
		sum := md5.Sum(salted)
		return sum[:]
	case HashingArgon2id:
		return argon2.IDKey([]byte(password), s.salt[argonHeader:],
			uint32(s.salt[0]), binary.BigEndian.Uint32(s.salt[1:]), 1, argonSum)
	default:
		sum := sha256.Sum256(salted)
		return sum[:]
	}
}

// matches compares in constant time.
func (s secret) matches(password string) bool {
	return subtle.ConstantTimeCompare(s.derive(password), s.sum) == 1
}

// encode is the hash as definitions have it.
func (s secret) encode() string {
	return base64.StdEncoding.EncodeToString(slices.Concat(s.salt, s.sum))
}

// decodeSecret reads a hash as definitions have it. A hash that its algorithm
// does not have, and an algorithm that is not known, are kept by whoever has
// them, but no password matches (RabbitMQ behaviour).
func decodeSecret(hash, algorithm string) (secret, error) {
	octets, err := base64.StdEncoding.DecodeString(hash)
	if err != nil {
		return secret{}, fmt.Errorf("%w: %w", ErrNotBase64, err)
	}
	salt, sum := sizes(algorithm)
	if sum == 0 || len(octets) != salt+sum {
		return secret{}, nil
	}
	s := secret{algorithm: algorithm, salt: octets[:salt:salt], sum: octets[salt:]}
	if s.strong() && !s.affordable() {
		return secret{}, nil
	}
	return s, nil
}

// affordable refuses an Argon2id hash that would cost too much to check, or
// that the algorithm does not allow.
func (s secret) affordable() bool {
	time, memory := s.salt[0], binary.BigEndian.Uint32(s.salt[1:])
	return time > 0 && time <= maxArgonTime && memory >= 8 && memory <= maxArgonMemory
}

// sizes are those of salt and sum in octets, zero for an unknown algorithm.
func sizes(algorithm string) (salt, sum int) {
	switch algorithm {
	case HashingSHA256:
		return rabbitSalt, sha256.Size
	case HashingSHA512:
		return rabbitSalt, sha512.Size
	case HashingMD5:
		return rabbitSalt, md5.Size
	case HashingArgon2id:
		return argonHeader + argonSalt, argonSum
	default:
		return 0, 0
	}
}

// newSecret hashes a password with a new salt.
func newSecret(algorithm, password string) secret {
	s := unmatchable(algorithm)
	s.sum = s.derive(password)
	return s
}

// unmatchable is a secret that no password has been found for. It costs what
// others of the algorithm cost.
func unmatchable(algorithm string) secret {
	salt, sum := sizes(algorithm)
	s := secret{algorithm: algorithm, salt: make([]byte, salt), sum: make([]byte, sum)}
	fillRandom(s.salt)
	fillRandom(s.sum)
	if s.strong() {
		s.salt[0] = argonTime
		binary.BigEndian.PutUint32(s.salt[1:], argonMemory)
	}
	return s
}

// fillRandom relies on crypto/rand ending the process itself when the system
// has no randomness: since Go 1.24 Read returns no error.
func fillRandom(dst []byte) { _, _ = rand.Read(dst) }
