//go:build !linux

package persistence

// advisor does nothing where memory maps are not known to behave as they do on
// Linux.
type advisor struct{}

type mapping struct{}

func newAdvisor(string) advisor { return advisor{} }

func (advisor) mappings() []mapping { return nil }

func (advisor) look([]mapping) {}

func (advisor) hasNewer() bool { return false }

func (*Store) dropAll() {}

func (*mappings) dropValue([]byte) {}

func (*Store) dropWritten(*advisor) {}

func (*Store) dropOlder(*advisor) {}
