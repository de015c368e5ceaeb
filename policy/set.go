package policy

import (
	"cmp"
	"slices"
	"sync"
)

// Object is what policies apply to. Its kind is ClassicQueues, QuorumQueues, Streams or
// Exchanges.
type Object struct {
	Kind Target
	Name string
}

// maxLapses is how often a pattern may fail to decide in time. Each time costs a tenth of
// a second, and there may be thousands of names.
const maxLapses = 10

// Applies says whether the policy is for the object. A pattern that cannot decide in
// time does not match, and after some times nothing any more.
func (p *Policy) Applies(o Object) bool {
	if !p.reaches(o.Kind) || p.Lapsed() {
		return false
	}
	found, err := p.names.Matches(o.Name)
	if err != nil {
		p.lapses.Add(1)
		return false
	}
	return found
}

// Lapsed says that the pattern takes too long, so that it is not tried any more: the
// policy applies to nothing.
func (p *Policy) Lapsed() bool { return p.lapses.Load() >= maxLapses }

// reaches says whether the policy is for objects of a kind: its target has them, and
// they know all that it says.
func (p *Policy) reaches(kind Target) bool {
	switch p.ApplyTo {
	case All, kind:
	case Queues:
		if kind == Exchanges {
			return false
		}
	default:
		return false
	}
	return !slices.Contains(p.strangers, kind)
}

// strangers are the objects that do not know all that the definition says. Classic
// queues know more than those of RabbitMQ, which is used if a policy is for them alone:
// another one shall be for the same queues as there.
func strangers(to Target, d Definition) []Target {
	var list []Target
	for name := range d {
		k, _ := find(name)
		for _, kind := range k.without {
			if kind == ClassicQueues && to == ClassicQueues && k.classic {
				continue
			}
			list = append(list, kind)
		}
	}
	return list
}

// Set is the policies of a virtual host. It does not change: With and Without make
// another one. Its methods are safe for concurrent use.
type Set struct {
	ordinary, operator []*Policy // the one that goes before others first

	mu     sync.Mutex
	merged map[pair]Definition // guarded by mu
}

type pair struct{ ordinary, operator *Policy }

// NewSet makes a set of policies with different names.
func NewSet(policies ...*Policy) *Set {
	s := &Set{merged: make(map[pair]Definition)}
	for _, p := range policies {
		list := s.of(p.Kind)
		*list = append(*list, p)
	}
	for _, list := range [][]*Policy{s.ordinary, s.operator} {
		slices.SortFunc(list, func(a, b *Policy) int {
			return cmp.Or(cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Name, b.Name))
		})
	}
	return s
}

func (s *Set) of(kind Kind) *[]*Policy {
	if kind == Operator {
		return &s.operator
	}
	return &s.ordinary
}

// Policies lists all policies, operator policies last.
func (s *Set) Policies() []*Policy { return slices.Concat(s.ordinary, s.operator) }

// With is the set with a policy added, or with another one of its name and kind
// replaced.
func (s *Set) With(p *Policy) *Set { return NewSet(append(s.except(p.Kind, p.Name), p)...) }

// Without is the set without a policy.
func (s *Set) Without(kind Kind, name string) *Set { return NewSet(s.except(kind, name)...) }

func (s *Set) except(kind Kind, name string) []*Policy {
	return slices.DeleteFunc(s.Policies(), func(p *Policy) bool { return p.Kind == kind && p.Name == name })
}

// Effective is what applies to an object. Either policy may be nil.
type Effective struct {
	Ordinary, Operator *Policy
	// Definition is that of both together; nil if there is none.
	Definition Definition
}

// Effective finds what applies to an object. The same policies give the same map.
func (s *Set) Effective(o Object) Effective {
	e := Effective{Ordinary: first(s.ordinary, o), Operator: first(s.operator, o)}
	switch {
	case e.Operator == nil && e.Ordinary == nil:
	case e.Operator == nil:
		e.Definition = e.Ordinary.Definition
	case e.Ordinary == nil:
		e.Definition = e.Operator.Definition
	default:
		e.Definition = s.merge(pair{e.Ordinary, e.Operator})
	}
	return e
}

func first(list []*Policy, o Object) *Policy {
	for _, p := range list {
		if p.Applies(o) {
			return p
		}
	}
	return nil
}

// merge remembers what it has merged: there may be many objects for few policies.
func (s *Set) merge(p pair) Definition {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, ok := s.merged[p]; ok {
		return d
	}
	d := Merge(p.ordinary.Definition, p.operator.Definition)
	s.merged[p] = d
	return d
}

// Names are the names of what applies, empty where nothing does.
func (e Effective) Names() (ordinary, operator string) {
	if e.Ordinary != nil {
		ordinary = e.Ordinary.Name
	}
	if e.Operator != nil {
		operator = e.Operator.Name
	}
	return ordinary, operator
}
