package configs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rule is what becomes of the keys of RabbitMQ that fit a pattern, in which * is
// any segment and ** at the end any number of segments.
type rule struct {
	pattern string
	// ours is the key that gets the value, for the report.
	ours string
	take taker
}

// taker takes a value. It returns how what it does differs from RabbitMQ, an
// *ignoredError if there is nothing to be done with this value, or what is wrong
// with it.
type taker func(t *translation, g given) (note string, err error)

// ignoredError says why a value is not used.
type ignoredError struct {
	why     string
	matters bool
}

func (e *ignoredError) Error() string { return e.why }

func ignore(why string) error { return &ignoredError{why: why} }

// miss is for what users of RabbitMQ could miss.
func miss(why string) error { return &ignoredError{why: why, matters: true} }

// ignoredRule is a group of keys without effect.
type ignoredRule struct {
	why      string
	matters  bool
	patterns []string
}

// translated is a value for a key of ours.
type translated struct {
	value any
	from  string
	// variable says that the environment has at least a part of it, and so goes
	// before files.
	variable bool
}

// translation gathers values for our keys from settings in RabbitMQ's terms.
type translation struct {
	values   map[string]translated // by our keys
	findings []Finding
	problems []string
	rules    []rule

	user     seededUser
	login    loginRules
	logs     logFile
	plain    listenAddress // of the management
	secure   listenAddress // of the management over TLS
	metrics  listenAddress
	hidden   listenAddress // of metrics over TLS, which there are not
	node     listenAddress // of AMQP, by variables
	oldHTTPS bool          // management.listener.ssl
}

// translate finds out what the settings mean. The last of those with the same key
// is the one that counts.
func translate(settings []given) *translation {
	t := &translation{values: map[string]translated{}, rules: rules()}
	values := map[string]string{}
	last := map[string]int{}
	for i, g := range settings {
		values[g.name()], last[g.name()] = g.value, i
	}
	for i, g := range settings {
		if again := last[g.name()]; again != i {
			t.find(g, Finding{Outcome: Ignored, Note: "it is given again in " + settings[again].from})
			continue
		}
		t.one(g, values)
	}
	t.finish()
	return t
}

func (t *translation) find(g given, f Finding) {
	f.From, f.Name = g.from, g.name()
	if g.variable {
		f.From, f.Name = "environment", g.from
	}
	t.findings = append(t.findings, f)
}

func (t *translation) one(g given, values map[string]string) {
	r, known := t.rule(g)
	if !known {
		t.without(g)
		return
	}
	note, err := t.apply(r, g, values)
	var ignored *ignoredError
	switch {
	case errors.As(err, &ignored):
		t.find(g, Finding{Outcome: Ignored, Note: ignored.why, Matters: ignored.matters})
	case err != nil:
		t.problems = append(t.problems, fmt.Sprintf("%s: %v", whereOf(g), err))
		t.find(g, Finding{Outcome: Honoured, Ours: r.ours, Note: err.Error()})
	default:
		t.find(g, Finding{Outcome: Honoured, Ours: r.ours, Note: note})
	}
}

func (t *translation) apply(r rule, g given, values map[string]string) (note string, err error) {
	if g.value, err = g.resolve(values); err != nil {
		return "", err
	}
	if strings.HasPrefix(g.value, "encrypted:") {
		return "", errors.New("encrypted values cannot be read: use $(NAME) for a variable, or $(<FILE) for a file")
	}
	return r.take(t, g)
}

// without is for keys that have no rule of ours.
func (t *translation) without(g given) {
	for _, group := range ignoredRules() {
		for _, pattern := range group.patterns {
			if fits(pattern, g.key) {
				t.find(g, Finding{Outcome: Ignored, Note: group.why, Matters: group.matters})
				return
			}
		}
	}
	note := fmt.Sprintf("did you mean %s?", t.nearest(g.key))
	t.find(g, Finding{Outcome: Unknown, Note: note})
	t.problems = append(t.problems, fmt.Sprintf("%s: unknown key %s, %s", g.from, g.name(), note))
}

func (t *translation) rule(g given) (rule, bool) {
	candidates := t.rules
	if g.variable {
		candidates = slices.Concat(t.rules, variableRules())
	}
	for _, r := range candidates {
		if fits(r.pattern, g.key) {
			return r, true
		}
	}
	return rule{}, false
}

// nearest is the key that was perhaps meant, with the free segments of the pattern
// as they were given.
func (t *translation) nearest(key []string) string {
	var known []string
	for _, r := range t.rules {
		known = append(known, filled(r.pattern, key))
	}
	for _, group := range ignoredRules() {
		for _, pattern := range group.patterns {
			known = append(known, filled(pattern, key))
		}
	}
	return nearest(keyText(key), known)
}

func fits(pattern string, key []string) bool {
	segments := strings.Split(pattern, ".")
	for i, s := range segments {
		if s == "**" {
			return true
		}
		if i >= len(key) || s != "*" && s != key[i] {
			return false
		}
	}
	return len(segments) == len(key)
}

// filled is a pattern with the segments of a key in the place of free ones.
func filled(pattern string, key []string) string {
	segments := strings.Split(pattern, ".")
	for i, s := range segments {
		if strings.HasPrefix(s, "*") && i < len(key) {
			segments[i] = key[i]
		}
	}
	return strings.TrimSuffix(strings.Join(segments, "."), ".**")
}

// whereOf is where a setting stands, for errors.
func whereOf(g given) string {
	if g.variable {
		return g.from
	}
	return g.from + ": " + g.name()
}

// set gives a key of ours its value.
func (t *translation) set(ours string, value any, g given) {
	t.values[ours] = translated{value: value, from: whereOf(g), variable: g.variable || t.values[ours].variable}
}

// add appends to the list of a key of ours.
func (t *translation) add(ours, entry string, g given) {
	list, _ := t.values[ours].value.([]string)
	t.set(ours, append(slices.Clone(list), entry), g)
}

// origin is where a layer of values comes from.
type origin int

const (
	ofFiles origin = iota
	ofVariables
)

// layer is the values from there.
func (t *translation) layer(from origin) map[string]any {
	layer := map[string]any{}
	for key, v := range t.values {
		if v.variable == (from == ofVariables) {
			layer[key] = v.value
		}
	}
	return layer
}
