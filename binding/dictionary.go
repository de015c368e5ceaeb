package binding

// shrinkFrom is the size, in entries, from which a map or slice is rebuilt when
// three quarters of it have become unused. Below it there is nothing to gain.
const shrinkFrom = 16

// dictionary is a map that gives memory back: a Go map keeps the size that it
// once grew to, so this one moves to a new map when it has shrunk to a quarter.
// The cost of moving is spread over the removals that led to it. The zero value
// is an empty dictionary.
type dictionary[K comparable, V any] struct {
	entries map[K]V
	// peak is the largest number of entries since the map was made.
	peak int
}

func (d *dictionary[K, V]) empty() bool { return len(d.entries) == 0 }

func (d *dictionary[K, V]) find(key K) (V, bool) {
	v, ok := d.entries[key]
	return v, ok
}

func (d *dictionary[K, V]) put(key K, v V) {
	if d.entries == nil {
		d.entries = make(map[K]V)
	}
	d.entries[key] = v
	d.peak = max(d.peak, len(d.entries))
}

func (d *dictionary[K, V]) remove(key K) {
	delete(d.entries, key)
	switch n := len(d.entries); {
	case n == 0:
		*d = dictionary[K, V]{}
	case d.peak >= shrinkFrom && n <= d.peak/4:
		moved := make(map[K]V, n)
		for k, v := range d.entries {
			moved[k] = v
		}
		*d = dictionary[K, V]{entries: moved, peak: n}
	}
}
