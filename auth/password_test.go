package auth

import (
	"encoding/base64"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
)

func directoryWith(t testing.TB, hashing string, users ...definitions.User) *Directory {
	t.Helper()
	d, err := NewDirectory(DirectoryOptions{Hashing: hashing}, definitions.Set{Users: users})
	require.NoError(t, err)
	return d
}

func (d *Directory) accepts(name, password string) bool {
	_, err := d.Authenticate(Attempt{Name: name, Password: password})
	return err == nil
}

func TestNewPasswords(t *testing.T) {
	for _, algorithm := range []string{"", HashingSHA256, HashingSHA512, HashingMD5, HashingArgon2id} {
		d := directoryWith(t, algorithm)
		_, err := d.AddUser(definitions.User{Name: "u"}, "pässwörd")
		require.NoError(t, err)
		u, _ := d.User("u")
		require.NotEmpty(t, u.PasswordHash)
		if algorithm != "" {
			require.Equal(t, algorithm, u.HashingAlgorithm)
		}
		require.True(t, d.accepts("u", "pässwörd"), algorithm)
		require.False(t, d.accepts("u", "passwörd"), algorithm)
		require.False(t, d.accepts("u", ""), algorithm)

		// What was stored is accepted by another process, whatever it prefers.
		require.True(t, directoryWith(t, HashingSHA512, u).accepts("u", "pässwörd"))

		_, err = d.AddUser(definitions.User{Name: "v"}, "pässwörd")
		require.NoError(t, err)
		v, _ := d.User("v")
		require.NotEqual(t, u.PasswordHash, v.PasswordHash, "each hash has its own salt")

		_, err = d.SetPassword("u", "other")
		require.NoError(t, err)
		require.False(t, d.accepts("u", "pässwörd"))
		require.True(t, d.accepts("u", "other"))
		_, err = d.SetPassword("u", "")
		require.NoError(t, err)
		require.False(t, d.accepts("u", "other"))
	}
}

func TestHashesThatNoPasswordMatches(t *testing.T) {
	text := base64.StdEncoding.EncodeToString
	dear := unmatchable(HashingArgon2id)
	dear.salt[0] = 255
	huge := unmatchable(HashingArgon2id)
	copy(huge.salt[1:], []byte{255, 255, 255, 255})
	idle := unmatchable(HashingArgon2id)
	idle.salt[0] = 0
	for _, u := range []definitions.User{
		{PasswordHash: "", HashingAlgorithm: HashingSHA256},
		{PasswordHash: "AAAA", HashingAlgorithm: HashingMD5},
		{PasswordHash: text(make([]byte, 4+32)), HashingAlgorithm: HashingSHA512},
		{PasswordHash: text(make([]byte, 4+32)), HashingAlgorithm: "unknown"},
		{PasswordHash: text(make([]byte, 4+32)), HashingAlgorithm: HashingSHA256},
		{PasswordHash: dear.encode(), HashingAlgorithm: HashingArgon2id},
		{PasswordHash: huge.encode(), HashingAlgorithm: HashingArgon2id},
		{PasswordHash: idle.encode(), HashingAlgorithm: HashingArgon2id},
	} {
		u.Name = "u"
		d := directoryWith(t, "", u)
		require.Len(t, d.Definitions().Users, 1)
		require.Equal(t, u, d.Definitions().Users[0], "it is exported as it was imported")
		for _, password := range []string{"", "x", "\x00"} {
			require.False(t, d.accepts("u", password), "%+v", u)
		}
	}
}

// An unknown user, one without a password and a wrong password cost the same.
func TestFailedLoginsCostTheSame(t *testing.T) {
	hash := func(algorithm string) definitions.User {
		return definitions.User{PasswordHash: newSecret(algorithm, "right").encode(), HashingAlgorithm: algorithm}
	}
	for name, c := range map[string]struct {
		hashing       string
		users         []definitions.User
		cheap, strong uint64
	}{
		"all cheap":            {"", []definitions.User{{}, hash(HashingSHA256), hash(HashingMD5), hash(HashingSHA512)}, 1, 0},
		"all strong":           {HashingArgon2id, []definitions.User{{}, hash(HashingArgon2id)}, 0, 1},
		"strong ones imported": {"", []definitions.User{{}, hash(HashingArgon2id)}, 0, 1},
		"cheap ones imported":  {HashingArgon2id, []definitions.User{hash(HashingSHA256)}, math.MaxUint64, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.users {
				c.users[i].Name = fmt.Sprint("user", i)
			}
			d := directoryWith(t, c.hashing, c.users...)
			for _, u := range append(c.users, definitions.User{Name: "nobody"}) {
				for _, password := range []string{"", "wrong"} {
					cheap, strong := d.verifier.cheap.Load(), d.verifier.strong.Load()
					require.False(t, d.accepts(u.Name, password))
					require.Equal(t, c.strong, d.verifier.strong.Load()-strong, "%s %q", u.Name, password)
					// Beside a strong hash a cheap one is nothing.
					if c.cheap != math.MaxUint64 {
						require.Equal(t, c.cheap, d.verifier.cheap.Load()-cheap, "%s %q", u.Name, password)
					}
				}
			}
		})
	}
}

// A login storm makes one strong hash per user, not per login.
func TestCheckedCredentialsAreRemembered(t *testing.T) {
	d := directoryWith(t, HashingArgon2id)
	now := time.Unix(1e9, 0)
	d.verifier.now = func() time.Time { return now }
	_, err := d.AddUser(definitions.User{Name: "u"}, "right")
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			if !d.accepts("u", "right") {
				t.Error("refused")
			}
		})
	}
	all.Wait()
	// As many as are checked at a time may find nothing remembered.
	require.LessOrEqual(t, d.verifier.strong.Load(), uint64(cap(d.verifier.slots)))

	made := d.verifier.strong.Load()
	require.False(t, d.accepts("u", "wrong"))
	require.False(t, d.accepts("u", "wrong"))
	require.Equal(t, made+2, d.verifier.strong.Load(), "what is wrong is not remembered")

	now = now.Add(checkedFor)
	require.True(t, d.accepts("u", "right"))
	require.Equal(t, made+3, d.verifier.strong.Load(), "nothing is remembered for ever")

	_, err = d.SetPassword("u", "new")
	require.NoError(t, err)
	require.False(t, d.accepts("u", "right"), "a change counts at once")
	require.True(t, d.accepts("u", "new"))
	_, err = d.DeleteUser("u")
	require.NoError(t, err)
	require.False(t, d.accepts("u", "new"))
}

func TestFewCredentialsAreRemembered(t *testing.T) {
	v := newVerifier()
	for i := range 3 * maxChecked {
		v.remember(v.proof(secret{}, fmt.Sprint(i)))
		require.LessOrEqual(t, len(v.checked), maxChecked)
	}
	require.True(t, v.knows(v.proof(secret{}, fmt.Sprint(3*maxChecked-1))))
	require.NotEqual(t, v.proof(secret{}, "x"), newVerifier().proof(secret{}, "x"))
}

func FuzzSecret(f *testing.F) {
	for _, algorithm := range []string{HashingSHA256, HashingSHA512, HashingMD5} {
		f.Add(newSecret(algorithm, "x").encode(), algorithm, "x")
	}
	f.Add(unmatchable(HashingArgon2id).encode(), HashingArgon2id, "x")
	f.Fuzz(func(t *testing.T, hash, algorithm, password string) {
		s, err := decodeSecret(hash, algorithm)
		if err != nil {
			require.ErrorIs(t, err, ErrNotBase64)
			require.False(t, s.usable())
			return
		}
		if !s.usable() {
			return
		}
		again, err := decodeSecret(s.encode(), algorithm)
		require.NoError(t, err)
		require.Equal(t, s, again)
		if !s.strong() {
			_ = s.matches(password)
			require.True(t, newSecret(algorithm, password).matches(password))
		}
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	for _, algorithm := range []string{HashingSHA256, HashingSHA512, HashingArgon2id} {
		d := directoryWith(b, algorithm)
		_, err := d.AddUser(definitions.User{Name: "u"}, "right")
		require.NoError(b, err)
		for _, c := range []struct{ name, user, password string }{
			{"right", "u", "right"}, {"wrong", "u", "wrong"}, {"unknown", "v", "wrong"},
		} {
			b.Run(algorithm+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					d.accepts(c.user, c.password)
				}
			})
		}
	}
}
