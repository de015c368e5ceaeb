package binding

import "github.com/leveretmq/leveret/amqp"

// headers matches the headers of messages with the arguments of bindings.
//
// Bindings with the same arguments form a group, which is compared once. A
// group that wants all of its conditions is filed under one of them, a group
// that wants any is filed under each: so a message need only be compared with
// the groups that are filed under one of its own headers.
type headers[T comparable] struct {
	// groups holds every group by the canonical form of its arguments.
	groups dictionary[string, *group[T]]
	// always are the groups that match every message.
	always members[*group[T]]
	// folders holds the other groups by the name of a header.
	folders dictionary[string, *folder[T]]
}

// group is the bindings that have the same arguments.
type group[T comparable] struct {
	pattern pattern
	// filed are the conditions that the group is filed under.
	filed []condition
	bound members[T]
}

// folder holds the groups that are filed under one header.
type folder[T comparable] struct {
	// byValue are those that want a certain plain value.
	byValue dictionary[value, members[*group[T]]]
	// present are those that want any value, or a list, for which making the
	// value of each message's header would cost too much.
	present members[*group[T]]
}

// NewHeaders makes the table of a headers exchange. It matches nothing on the
// routing key.
func NewHeaders[T comparable]() Table[T] { return new(headers[T]) }

func (t *headers[T]) Add(key string, args amqp.Table, target T) {
	id := argumentsVariant(args)
	g, ok := t.groups.find(id)
	if !ok {
		g = &group[T]{pattern: compile(args)}
		t.groups.put(id, g)
		t.file(g)
	}
	g.bound.add(member[T]{target, key})
}

func (t *headers[T]) Remove(key string, args amqp.Table, target T) {
	id := argumentsVariant(args)
	g, ok := t.groups.find(id)
	if !ok {
		return
	}
	g.bound.remove(member[T]{target, key})
	if g.bound.empty() {
		t.unfile(g)
		t.groups.remove(id)
	}
}

func (t *headers[T]) Match(dst []T, _ string, h Headers) []T {
	for i := range t.always.list {
		dst = t.always.list[i].target.bound.appendTo(dst)
	}
	if t.folders.empty() || h == nil {
		return dst
	}
	r := receive(h.Headers())
	for i := range r.fields {
		f, ok := t.folders.find(r.fields[i].Key)
		if !ok || r.find(r.fields[i].Key) != i {
			continue
		}
		dst = appendMatching(dst, &f.present, &r)
		if v, ok := headerValue(r.fields[i].Value); ok {
			groups, _ := f.byValue.find(v)
			dst = appendMatching(dst, &groups, &r)
		}
	}
	return dst
}

func (t *headers[T]) Empty() bool { return t.groups.empty() }

// appendMatching appends the targets of those groups that match.
func appendMatching[T comparable](dst []T, groups *members[*group[T]], r *received) []T {
	for i := range groups.list {
		g := groups.list[i].target
		if g.pattern.matches(r) {
			dst = g.bound.appendTo(dst)
		}
	}
	return dst
}

// file files a new group.
func (t *headers[T]) file(g *group[T]) {
	conditions := g.pattern.conditions
	switch {
	case g.pattern.unconditional():
		t.always.add(member[*group[T]]{target: g})
	case g.pattern.any:
		g.filed = conditions
	default:
		rarest := t.rarest(conditions)
		g.filed = conditions[rarest : rarest+1]
	}
	for _, c := range g.filed {
		f, ok := t.folders.find(c.key)
		if !ok {
			f = new(folder[T])
			t.folders.put(c.key, f)
		}
		f.add(c.want, g)
	}
}

func (t *headers[T]) unfile(g *group[T]) {
	if g.pattern.unconditional() {
		t.always.remove(member[*group[T]]{target: g})
	}
	for _, c := range g.filed {
		f, ok := t.folders.find(c.key)
		if !ok {
			continue
		}
		f.remove(c.want, g)
		if f.empty() {
			t.folders.remove(c.key)
		}
	}
}

// rarest picks the condition that the fewest groups are filed under, so that
// {type: report, id: 17} ends up under its id.
func (t *headers[T]) rarest(conditions []condition) int {
	best, fewest := 0, -1
	for i, c := range conditions {
		n := 0
		if f, ok := t.folders.find(c.key); ok {
			n = f.count(c.want)
		}
		if fewest < 0 || n < fewest {
			best, fewest = i, n
		}
	}
	return best
}

// filedByValue says whether groups that want v are found by it.
func filedByValue(v value) bool { return v.kind != kindPresent && v.kind != kindList }

func (f *folder[T]) empty() bool { return f.byValue.empty() && f.present.empty() }

func (f *folder[T]) add(want value, g *group[T]) {
	if !filedByValue(want) {
		f.present.add(member[*group[T]]{target: g})
		return
	}
	groups, _ := f.byValue.find(want)
	groups.add(member[*group[T]]{target: g})
	f.byValue.put(want, groups)
}

func (f *folder[T]) remove(want value, g *group[T]) {
	if !filedByValue(want) {
		f.present.remove(member[*group[T]]{target: g})
		return
	}
	groups, _ := f.byValue.find(want)
	groups.remove(member[*group[T]]{target: g})
	if groups.empty() {
		f.byValue.remove(want)
		return
	}
	f.byValue.put(want, groups)
}

// count is the number of groups filed under the value.
func (f *folder[T]) count(want value) int {
	if !filedByValue(want) {
		return f.present.len()
	}
	groups, _ := f.byValue.find(want)
	return groups.len()
}
