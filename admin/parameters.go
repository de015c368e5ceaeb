package admin

import (
	"cmp"
	"maps"
	"slices"

	"github.com/leveretmq/leveret/definitions"
)

// parameterKey is what identifies a parameter.
type parameterKey struct{ vhost, component, name string }

func keyOf(p definitions.Parameter) parameterKey {
	return parameterKey{p.VHost, p.Component, p.Name}
}

// label is what the audit log calls a parameter.
func label(p definitions.Parameter) string {
	if p.Global() {
		return p.Name
	}
	return p.Component + "/" + p.Name + " in " + p.VHost
}

func compareKeys(a, b parameterKey) int {
	return cmp.Or(cmp.Compare(a.vhost, b.vhost), cmp.Compare(a.component, b.component), cmp.Compare(a.name, b.name))
}

// Parameters lists those that do belongs to, in order; nil lists all.
func (a *Admin) Parameters(belongs func(definitions.Parameter) bool) []definitions.Parameter {
	a.mu.Lock()
	defer a.mu.Unlock()
	var list []definitions.Parameter
	for _, key := range slices.SortedFunc(maps.Keys(a.parameters), compareKeys) {
		if p := a.parameters[key]; belongs == nil || belongs(p) {
			list = append(list, p)
		}
	}
	return list
}

// Parameter finds one.
func (a *Admin) Parameter(vhost, component, name string) (definitions.Parameter, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	p, ok := a.parameters[parameterKey{vhost, component, name}]
	return p, ok
}

// PutParameter sets a parameter, which takes effect at once. Created says whether it is
// a new one. A value that cannot be is refused with a *policy.Error.
func (a *Admin) PutParameter(by Actor, p definitions.Parameter) (created bool, err error) {
	err = a.perform(by, deed{"parameter.set", label(p), func() (definitions.Change, error) {
		old, exists := a.parameters[keyOf(p)]
		created = !exists
		if exists && old.Value == p.Value {
			return definitions.Change{}, nil
		}
		if err := a.broker.SetParameter(p, by.User); err != nil {
			return definitions.Change{}, err
		}
		a.parameters[keyOf(p)] = p
		return definitions.Change{Put: definitions.Set{Parameters: []definitions.Parameter{p}}}, nil
	}})
	return created, err
}

// DeleteParameter takes a parameter away, of which the value does not matter, and says
// whether it was there.
func (a *Admin) DeleteParameter(by Actor, p definitions.Parameter) (existed bool, err error) {
	err = a.perform(by, deed{"parameter.clear", label(p), func() (definitions.Change, error) {
		if _, existed = a.parameters[keyOf(p)]; !existed {
			return definitions.Change{}, nil
		}
		if err := a.broker.ClearParameter(p, by.User); err != nil {
			return definitions.Change{}, err
		}
		delete(a.parameters, keyOf(p))
		return definitions.Change{Delete: definitions.Set{Parameters: []definitions.Parameter{p}}}, nil
	}})
	return existed, err
}
