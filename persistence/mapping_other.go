//go:build !linux

package persistence

// advisor does nothing where memory maps are not known to behave as they do on
// Linux.
type advisor struct{}

func newAdvisor(string) advisor { return advisor{} }

func (advisor) mappings() []struct{} { return nil }

func (advisor) look([]struct{}) {}

func (advisor) hasNewer() bool { return false }

func (advisor) dropAll() {}

func (*Store) dropWritten(*advisor) {}

func (*Store) dropOlder(*advisor) {}
