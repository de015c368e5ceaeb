package persistence

// faultPoint is a step at which tests have the store fail.
type faultPoint int

const (
	beforeCommit faultPoint = iota
	// afterCommit is a sync that fails: what was written may be there.
	afterCommit
	beforeRead
	beforeSwapOut
	afterSwapIn
)

// fault is the error that a test wants here; nil outside of tests.
func (s *Store) fault(at faultPoint) error {
	if s.options.fault == nil {
		return nil
	}
	return s.options.fault(at)
}
