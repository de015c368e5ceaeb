package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// checkedFor is how long a strong hash that was checked is not checked again.
	checkedFor = 5 * time.Minute
	// maxChecked bounds the credentials that are remembered.
	maxChecked = 10_000
)

// verifier checks passwords against secrets. Strong hashes are rationed: as
// many are made at a time as there are processors, and credentials that have
// matched are remembered for a while.
type verifier struct {
	slots chan struct{} // one element per strong hash that is being made
	key   [sha256.Size]byte
	now   func() time.Time

	mu      sync.Mutex
	checked map[proof]time.Time // guarded by mu; when each of them ends

	// The hashes that were made.
	cheap, strong atomic.Uint64
}

// proof stands for a password that has matched a secret. It is made with a key
// that never leaves the process, so that a memory dump does not give weak
// passwords away. It covers the stored hash: a new one drops the old proof.
type proof [sha256.Size]byte

func newVerifier() *verifier {
	v := &verifier{
		slots:   make(chan struct{}, runtime.GOMAXPROCS(0)),
		now:     time.Now,
		checked: make(map[proof]time.Time),
	}
	fillRandom(v.key[:])
	return v
}

// matches checks a password. Cheap hashes are not worth remembering: a proof
// costs more than they do.
func (v *verifier) matches(s secret, password string) bool {
	if !s.strong() {
		v.cheap.Add(1)
		return s.matches(password)
	}
	p := v.proof(s, password)
	if v.knows(p) {
		return true
	}
	v.slots <- struct{}{}
	defer func() { <-v.slots }()
	// In a login storm somebody else may have made it meanwhile.
	if v.knows(p) {
		return true
	}
	v.strong.Add(1)
	if !s.matches(password) {
		return false
	}
	v.remember(p)
	return true
}

func (v *verifier) proof(s secret, password string) proof {
	h := hmac.New(sha256.New, v.key[:])
	h.Write(s.salt)
	h.Write(s.sum)
	h.Write([]byte(password)) // what comes before has one length
	return proof(h.Sum(nil))
}

func (v *verifier) knows(p proof) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	end, ok := v.checked[p]
	return ok && v.now().Before(end)
}

// remember makes room by dropping what has ended and, if that is not enough,
// any others.
func (v *verifier) remember(p proof) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.now()
	if len(v.checked) >= maxChecked {
		for old, end := range v.checked {
			if now.After(end) || len(v.checked) > maxChecked*9/10 {
				delete(v.checked, old)
			}
		}
	}
	v.checked[p] = now.Add(checkedFor)
}

// hash makes the secret of a new password, in turn with the checks.
func (v *verifier) hash(algorithm, password string) secret {
	if algorithm == HashingArgon2id {
		v.slots <- struct{}{}
		defer func() { <-v.slots }()
	}
	return newSecret(algorithm, password)
}
