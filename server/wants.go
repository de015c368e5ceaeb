package server

import "github.com/leveretmq/leveret/internal/lockorder"

// wants is what waits for a connection's writer: consumers that have something
// to fetch, and channels that have confirms or direct replies to send. Its lock is a leaf: other
// connections and the store take it while they hold theirs.
type wants struct {
	signal chan struct{} // has room for one: the writer looks at everything at once

	mu        lockorder.Mutex[lockorder.Wants]
	consumers []*consumer // guarded by mu
	confirms  []*channel  // guarded by mu
	replies   []*inbox    // guarded by mu
}

func newWants() *wants { return &wants{signal: make(chan struct{}, 1)} }

// wake makes the writer look, now or once it is back from its write.
func (w *wants) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

func (w *wants) fetch(c *consumer) {
	w.mu.Lock()
	w.consumers = append(w.consumers, c)
	w.mu.Unlock()
	w.wake()
}

func (w *wants) confirm(ch *channel) {
	w.mu.Lock()
	w.confirms = append(w.confirms, ch)
	w.mu.Unlock()
	w.wake()
}

func (w *wants) reply(b *inbox) {
	w.mu.Lock()
	w.replies = append(w.replies, b)
	w.mu.Unlock()
	w.wake()
}

// take moves all that waits to the end of the given lists.
func (w *wants) take(consumers []*consumer, confirms []*channel, replies []*inbox) ([]*consumer, []*channel, []*inbox) {
	w.mu.Lock()
	defer w.mu.Unlock()
	consumers = append(consumers, w.consumers...)
	confirms = append(confirms, w.confirms...)
	replies = append(replies, w.replies...)
	clear(w.consumers)
	clear(w.confirms)
	clear(w.replies)
	w.consumers, w.confirms, w.replies = w.consumers[:0], w.confirms[:0], w.replies[:0]
	return consumers, confirms, replies
}
