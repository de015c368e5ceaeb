package persistence

import "encoding/binary"

// reservations hands out the numbers that must never come back: those of mixed
// blocks, bodies and written-ahead sets from one sequence, and the sequence
// numbers of messages, which queues count themselves. What is stored is a bound
// for all queues together, so that it costs one small write per million
// messages and none per queue; a crash skips up to the bound.
type reservations struct {
	number    uint64 // the next number to hand out
	numbers   uint64 // numbers below this are reserved on disk
	sequence  uint64 // above every sequence number that was seen
	sequences uint64 // sequence numbers below this are reserved on disk
}

// take hands out a number. It is safe to use in the commit that due and reserve
// make part of.
func (r *reservations) take() uint64 {
	r.number++
	return r.number - 1
}

// saw notes the sequence number of an enqueued message.
func (r *reservations) saw(seq uint64) { r.sequence = max(r.sequence, seq+1) }

// due says whether the running commit has to carry a new reservation.
func (r *reservations) due() bool {
	return r.number > r.numbers || r.sequence > r.sequences
}

// reserve returns the write that makes a reservation.
func (r *reservations) reserve() write {
	r.numbers = r.number + reservedNumbers
	r.sequences = r.sequence + reservedSequences
	return r.write()
}

// exact returns the write that gives back the sequence numbers that were
// reserved and not used. Block numbers are not given back, because the write
// itself may take some.
func (r *reservations) exact() write {
	r.numbers = r.number + reservedNumbers
	r.sequences = r.sequence
	return r.write()
}

func (r *reservations) write() write {
	key := []byte{prefixMeta, metaReservation}
	payload := binary.AppendUvarint(nil, r.numbers)
	payload = binary.AppendUvarint(payload, r.sequences)
	return write{key: key, value: seal(key, payload)}
}

// restore continues behind what is reserved on disk.
func (r *reservations) restore(payload []byte) error {
	c := cursor{data: payload}
	r.numbers, r.sequences = c.uvarint(), c.uvarint()
	r.number, r.sequence = max(r.numbers, 1), r.sequences
	return c.err
}
