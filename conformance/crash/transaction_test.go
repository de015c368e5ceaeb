package crash

import "testing"

// both is a message with a copy in queue 0 and in queue 1.
func both(seq uint32) Value { return Value{Publisher: 1, Origin: 2, Seq: seq} }

// take delivers values to a session and acks them.
func take(h *History, s Session, mark Mark, values ...Value) {
	for _, v := range values {
		h.Deliver(s, v, mark)
		h.Ack(s, v)
	}
}

func TestCheck_Torn(t *testing.T) {
	histories{
		"one of two messages": func(h *History) {
			h.Commit(Transaction{Publishes: []Value{value(1), value(2)}})
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
		"one of two copies, the other delivered before the crash and not acked": func(h *History) {
			h.Commit(Transaction{Publishes: []Value{both(1)}})
			s := h.Open(1)
			h.Deliver(s, both(1), Unflagged)
			h.Restart()
			drain(h, 0, Flagged, both(1))
			drain(h, 1, Flagged)
		},
		"an ack without the message": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Commit(Transaction{Publishes: []Value{value(2)}, Session: s, Acks: []Value{value(1)}})
			h.Restart()
			drain(h, 0, Flagged)
		},
	}.requireOnly(t, Torn, Recovered)
}

func TestCheck_WhatTransactionsMayShow(t *testing.T) {
	histories{
		"an unanswered one is there": func(h *History) {
			h.Commit(Transaction{Publishes: []Value{value(1), both(1)}})
			h.Restart()
			drain(h, 0, Flagged, value(1), both(1))
			drain(h, 1, Flagged, both(1))
		},
		"an unanswered one is not there": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Commit(Transaction{Publishes: []Value{value(2), both(1)}, Session: s, Acks: []Value{value(1)}})
			h.Restart()
			drain(h, 0, Flagged, value(1))
			drain(h, 1, Flagged)
		},
		"one copy was acked before the crash": func(h *History) {
			h.Commit(Transaction{Publishes: []Value{both(1)}})
			take(h, h.Open(0), Unflagged, both(1))
			h.Restart()
			drain(h, 0, Flagged)
			drain(h, 1, Flagged, both(1))
		},
		"it acked what was never confirmed": func(h *History) {
			h.Send(value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Commit(Transaction{Publishes: []Value{value(2)}, Session: s, Acks: []Value{value(1)}})
			h.Restart()
			drain(h, 0, Flagged)
		},
	}.requireNone(t)
}

func TestCheck_ACommittedTransactionIsKeptWhole(t *testing.T) {
	histories{
		"a message is not there": func(h *History) {
			h.Committed(h.Commit(Transaction{Publishes: []Value{value(1), value(2)}}))
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, Lost)
	histories{
		"an ack did not hold": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Committed(h.Commit(Transaction{Session: s, Acks: []Value{value(1)}}))
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, ResurrectedSettled)
	histories{
		"delivered although it was rolled back": func(h *History) {
			drain(h, 0, Unflagged, value(1))
		},
	}.requireOnly(t, Alien)
}

func TestCheck_TransientMessages(t *testing.T) {
	transient := func(h *History) {
		h.SendTransient(value(1))
		h.Outcome(value(1), Confirmed)
	}
	histories{
		"gone within one life": func(h *History) {
			transient(h)
			drain(h, 0, Unflagged)
		},
	}.requireOnly(t, Lost)
	histories{
		"there in the next life": func(h *History) {
			transient(h)
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, Outlived)
	histories{
		"gone with the life": func(h *History) {
			transient(h)
			h.Restart()
			drain(h, 0, Flagged)
		},
	}.requireNone(t)
}

func TestHistory_ACloneGoesOnAlone(t *testing.T) {
	h := handMade()
	confirmed(h, value(1))
	clone := h.Clone()
	drain(h, 0, Unflagged, value(1))
	drain(clone, 0, Unflagged)
	if failures := Check(h, StrictAcks).Failures(); len(failures) > 0 {
		t.Errorf("the original: %q", failures)
	}
	if Check(clone, StrictAcks).Count(Lost) != 1 {
		t.Error("the clone has seen what only the original saw")
	}
}
