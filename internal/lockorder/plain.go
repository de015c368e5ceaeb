//go:build !invariants

package lockorder

import "sync"

// Mutex is a mutex of rank R.
type Mutex[R Rank] struct{ sync.Mutex }

// RWMutex is a reader/writer mutex of rank R.
type RWMutex[R Rank] struct{ sync.RWMutex }
