package binding

import "slices"

// indexedFrom is the number of members from which a set finds them by a map.
// Fewer are found faster, and in much less memory, by looking at each.
const indexedFrom = 32

// member is one binding of a target. The variant holds whatever else is part of
// the binding's identity but takes no part in matching; it is mostly empty.
type member[T comparable] struct {
	target  T
	variant string
}

// members is a set of bindings that match together. The zero value is empty.
// There may be a million sets of one member, or one set of a million members,
// and both must be cheap.
type members[T comparable] struct {
	list []member[T]
	// index holds the places in list; it is nil while the list is short.
	index map[member[T]]int
}

func (s *members[T]) empty() bool { return len(s.list) == 0 }

func (s *members[T]) len() int { return len(s.list) }

// appendTo appends the targets to dst.
func (s *members[T]) appendTo(dst []T) []T {
	dst = slices.Grow(dst, len(s.list))
	for i := range s.list {
		dst = append(dst, s.list[i].target)
	}
	return dst
}

func (s *members[T]) find(m member[T]) (int, bool) {
	if s.index != nil {
		i, ok := s.index[m]
		return i, ok
	}
	i := slices.Index(s.list, m)
	return i, i >= 0
}

func (s *members[T]) add(m member[T]) {
	if _, ok := s.find(m); ok {
		return
	}
	s.list = append(s.list, m)
	switch {
	case s.index != nil:
		s.index[m] = len(s.list) - 1
	case len(s.list) >= indexedFrom:
		s.reindex()
	}
}

func (s *members[T]) remove(m member[T]) {
	i, ok := s.find(m)
	if !ok {
		return
	}
	last := len(s.list) - 1
	moved := s.list[last]
	s.list[i] = moved
	s.list[last] = member[T]{}
	s.list = s.list[:last]
	if s.index != nil {
		s.index[moved] = i
		delete(s.index, m)
	}
	s.shrink()
}

// shrink gives memory back when the set has become much smaller.
func (s *members[T]) shrink() {
	n := len(s.list)
	if n == 0 {
		*s = members[T]{}
		return
	}
	if cap(s.list) < shrinkFrom || n > cap(s.list)/4 {
		return
	}
	s.list = append(make([]member[T], 0, 2*n), s.list...)
	s.index = nil
	if n >= indexedFrom {
		s.reindex()
	}
}

func (s *members[T]) reindex() {
	s.index = make(map[member[T]]int, len(s.list))
	for i, m := range s.list {
		s.index[m] = i
	}
}
