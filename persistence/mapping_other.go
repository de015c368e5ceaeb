//go:build !linux

package persistence

// advisor does nothing where the kernel does not read mappings ahead as Linux
// does.
type advisor struct{}

func newAdvisor(string) advisor { return advisor{} }

func (advisor) look() {}
