package crash

import (
	"fmt"
	"slices"
	"strings"
)

// Verdict is one thing that a history can show about a broker.
type Verdict uint8

// The verdicts. Lost to Undrained are failures; the others are allowed and
// counted, ResurrectedSettled unless acks are judged strictly.
const (
	// Lost: confirmed, never acked by a consumer, and not in the final drain.
	Lost Verdict = iota
	// Duplicated: delivered again in the same epoch after its ack, or while an
	// open session still held it.
	Duplicated
	// Reordered: within one session the sequence of a publisher and origin went
	// backwards, other than by what the session itself had requeued.
	Reordered
	// Alien: a body that was never sent, was altered, or came out of a queue
	// that it was not routed to.
	Alien
	// UnflaggedAgain: a second delivery without the redelivered flag.
	UnflaggedAgain
	// NeverConfirmed: published in the quiet phase, and no answer came.
	NeverConfirmed
	// NackedButDelivered: the broker refused a message and delivered it.
	NackedButDelivered
	// ReturnedButRouted: a mandatory message came back although its origin
	// leads to a queue.
	ReturnedButRouted
	// Torn: a part of a transaction took effect, and another did not.
	Torn
	// Undrained: a queue was not drained to its end, so Lost has no meaning.
	Undrained
	// ResurrectedSettled: delivered again after a crash although a
	// channel.close-ok or tx.commit-ok had followed its ack.
	ResurrectedSettled
	// Resurrected: delivered again after its ack and a crash.
	Resurrected
	// Recovered: delivered although its publisher never got an answer.
	Recovered
	// Outlived: a transient message delivered after the life that it was sent in.
	Outlived

	verdictCount
)

func (v Verdict) String() string {
	return [verdictCount]string{
		Lost: "lost", Duplicated: "duplicated", Reordered: "reordered", Alien: "alien",
		UnflaggedAgain: "unflagged", NeverConfirmed: "never confirmed",
		NackedButDelivered: "nacked but delivered", ReturnedButRouted: "returned but routed", Torn: "torn",
		Undrained: "undrained", ResurrectedSettled: "resurrected settled",
		Resurrected: "resurrected", Recovered: "recovered", Outlived: "outlived",
	}[v]
}

// samplesPerVerdict bounds how many cases of each verdict are described: the
// count tells the size, a few cases tell where to look.
const samplesPerVerdict = 8

// Report is the result of [Check].
type Report struct {
	Sent       int // publishes
	Confirmed  int // publishes
	Deliveries int
	Lives      int // of the broker

	counts  [verdictCount]int
	samples [verdictCount][]string
	losses  map[lifeKey]*lossPlace
	strict  bool
}

// lifeKey is one publisher in one life of the broker.
type lifeKey struct {
	publisher uint16
	epoch     uint32
}

// lossPlace tells where in the confirmed publishes of one publisher and life
// the lost ones lie.
type lossPlace struct {
	confirmed int    // copies
	thirds    [3]int // lost ones in the first, middle and last third
}

// Count returns how many cases of v the history shows.
func (r *Report) Count(v Verdict) int { return r.counts[v] }

// Failures returns one line for each verdict that must not occur and did.
func (r *Report) Failures() []string {
	var failures []string
	for v := range verdictCount {
		if r.counts[v] > 0 && r.fails(v) {
			failures = append(failures, fmt.Sprintf("%v: %d", v, r.counts[v]))
		}
	}
	return failures
}

func (r *Report) fails(v Verdict) bool {
	return v <= Undrained || (r.strict && v == ResurrectedSettled)
}

// String returns the whole report: counts, some cases of each verdict, and
// where the lost messages lie.
func (r *Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "lives of the broker %d, sent %d, confirmed %d, deliveries %d\n",
		r.Lives, r.Sent, r.Confirmed, r.Deliveries)
	for v := range verdictCount {
		fmt.Fprintf(&text, "  %-21s %d\n", v, r.counts[v])
		for _, sample := range r.samples[v] {
			fmt.Fprintf(&text, "      %s\n", sample)
		}
	}
	r.writeLosses(&text)
	return text.String()
}

// writeLosses tells the kinds of loss apart: the first messages lost means that
// the broker started over, the middle ones a damaged index, the last ones a
// confirm before the sync.
func (r *Report) writeLosses(text *strings.Builder) {
	keys := make([]lifeKey, 0, len(r.losses))
	for key := range r.losses {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b lifeKey) int {
		if a.publisher != b.publisher {
			return int(a.publisher) - int(b.publisher)
		}
		return int(a.epoch) - int(b.epoch)
	})
	for _, key := range keys {
		place := r.losses[key]
		fmt.Fprintf(text, "  publisher %d, life %d, of %d confirmed copies lost: first third %d, middle %d, last %d\n",
			key.publisher, key.epoch, place.confirmed, place.thirds[0], place.thirds[1], place.thirds[2])
	}
}

func (r *Report) add(v Verdict, describe func() string) {
	r.counts[v]++
	if len(r.samples[v]) < samplesPerVerdict && v < Resurrected {
		r.samples[v] = append(r.samples[v], describe())
	}
}
