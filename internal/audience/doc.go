// Package audience lets people look at what happens without holding it up. Whoever
// makes things happen tells an Audience of each; who looks has a Seat, a bounded line
// of what it has not looked at yet. Telling never waits: what a line has no room for is
// lost to that seat, and counted.
//
//	seat := events.Join(func(e Event) (Event, int, bool) { return e, 1, true })
//	defer seat.Leave()
//	for {
//		e, ok := seat.Next(ctx)
//		...
//	}
//
// To ask whether anybody is there costs one load from memory, so that nothing needs to
// be put together for nobody.
//
// # Locks
//
// All methods are safe for concurrent use, but that a seat has one reader. Tell takes no
// lock and may be called with any held; it calls what the seats have joined with, which
// must not block. Join and Leave hold a lock for a moment.
package audience
