package exchange

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAtom(t *testing.T) {
	for name, printed := range map[string]string{
		"direct":    "direct",
		"a@b_C1":    "a@b_C1",
		"x-random":  "'x-random'",
		"Abc":       "'Abc'",
		"1a":        "'1a'",
		"two words": "'two words'",
	} {
		require.Equal(t, printed, atom(name))
	}
}
