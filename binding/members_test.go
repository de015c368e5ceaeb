package binding

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMembersGiveMemoryBack(t *testing.T) {
	var s members[int]
	for i := range 10_000 {
		s.add(member[int]{target: i})
	}
	for i := range 9_990 {
		s.remove(member[int]{target: i})
		require.LessOrEqual(t, cap(s.list), max(shrinkFrom, 4*len(s.list)))
	}
	require.Nil(t, s.index, "a short list needs no index")
	require.Len(t, s.list, 10)
	for i := range 10 {
		s.remove(member[int]{target: 9_990 + i})
	}
	require.Equal(t, members[int]{}, s)
}

func TestMembersKeepTheirIndexRight(t *testing.T) {
	var s members[int]
	for i := range 4 * indexedFrom {
		s.add(member[int]{target: i})
	}
	for i := range 2 * indexedFrom {
		s.remove(member[int]{target: 2 * i})
		for at, m := range s.list {
			place, ok := s.find(m)
			require.True(t, ok)
			require.Equal(t, at, place)
		}
	}
	if s.index != nil {
		require.Len(t, s.index, len(s.list))
	}
}

func TestDictionaryGivesMemoryBack(t *testing.T) {
	var d dictionary[int, string]
	for i := range 10_000 {
		d.put(i, "v")
	}
	for i := range 9_999 {
		d.remove(i)
		require.Less(t, d.peak, max(shrinkFrom, 4*len(d.entries))+1)
	}
	v, ok := d.find(9_999)
	require.True(t, ok)
	require.Equal(t, "v", v)
	d.remove(9_999)
	d.remove(9_999)
	require.Equal(t, dictionary[int, string]{}, d)
}
