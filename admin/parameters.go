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

// deedOn is what the audit log tells of a change of a parameter.
func deedOn(p definitions.Parameter, action string) *Deed {
	if p.Global() {
		return &Deed{Action: action, Object: p.Name}
	}
	return &Deed{Action: action, Object: p.Component + "/" + p.Name, VHost: p.VHost}
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
	d := deedOn(p, "parameter.set")
	err = a.perform(by, d, func() (definitions.Change, error) {
		old, exists := a.parameters[keyOf(p)]
		created = !exists
		d.Changed = differences(exists, fieldsOfParameter(old), fieldsOfParameter(p))
		if exists && old.Value == p.Value {
			return definitions.Change{}, nil
		}
		if err := a.broker.SetParameter(p, by.User); err != nil {
			return definitions.Change{}, err
		}
		a.parameters[keyOf(p)] = p
		return definitions.Change{Put: definitions.Set{Parameters: []definitions.Parameter{p}}}, nil
	})
	return created, err
}

// DeleteParameter takes a parameter away, of which the value does not matter, and says
// whether it was there.
func (a *Admin) DeleteParameter(by Actor, p definitions.Parameter) (existed bool, err error) {
	err = a.perform(by, deedOn(p, "parameter.clear"), func() (definitions.Change, error) {
		if _, exists := a.parameters[keyOf(p)]; !exists {
			return definitions.Change{}, errNotThere
		}
		if err := a.broker.ClearParameter(p, by.User); err != nil {
			return definitions.Change{}, err
		}
		delete(a.parameters, keyOf(p))
		return definitions.Change{Delete: definitions.Set{Parameters: []definitions.Parameter{p}}}, nil
	})
	return existing(err)
}
