package queue

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// Exchanges that come and go leave nothing behind in a queue that stays.
func TestArrivals_ForgetWhatIsGone(t *testing.T) {
	var a arrivals
	a.count(NewSource("first"), 1)
	for i := range 1000 {
		s := NewSource(fmt.Sprint(i))
		a.count(s, 1)
		s.Retire()
	}
	require.LessOrEqual(t, len(a.more), 4)
}

// An octet more and the allocator takes the next larger class for each queue.
func TestQueue_Size(t *testing.T) {
	require.LessOrEqual(t, unsafe.Sizeof(Queue{}), uintptr(1152))
}
