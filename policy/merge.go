package policy

import "maps"

// Merge is what a policy and an operator policy say together; either may be nil. Nobody
// may change the result, which can be a part of them.
func Merge(ordinary, operator Definition) Definition {
	switch {
	case len(operator) == 0:
		return ordinary
	case len(ordinary) == 0:
		return operator
	}
	merged := maps.Clone(ordinary)
	for name, bound := range operator {
		asked, both := ordinary[name]
		k, known := find(name)
		if both && known && k.merge != nil {
			merged[name] = k.merge(asked, bound)
			continue
		}
		merged[name] = bound
	}
	return merged
}

func smaller(a, b any) any {
	x, _ := Integer(a)
	if y, _ := Integer(b); y < x {
		return b
	}
	return a
}

func larger(a, b any) any {
	x, _ := Integer(a)
	if y, _ := Integer(b); y > x {
		return b
	}
	return a
}

// deliveryLimit takes a limit rather than none, which is negative, and of two the
// smaller one.
func deliveryLimit(a, b any) any {
	x, _ := Integer(a)
	if y, _ := Integer(b); x < 0 || y < 0 {
		return larger(a, b)
	}
	return smaller(a, b)
}
