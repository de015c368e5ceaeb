package crash

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The hand-made histories use two queues: origin 0 leads to queue 0, origin 1 to
// queue 1, origin 2 to both and origin 3 nowhere.
func handMade() *History {
	return NewHistory([][]uint16{{0}, {1}, {0, 1}, {}})
}

func value(seq uint32) Value { return Value{Publisher: 1, Origin: 0, Seq: seq} }

func confirmed(h *History, values ...Value) {
	for _, v := range values {
		h.Send(v)
		h.Outcome(v, Confirmed)
	}
}

// drain is the last session on a queue: it gets values, acks them and finds the
// queue empty.
func drain(h *History, queue uint16, mark Mark, values ...Value) {
	s := h.Open(queue)
	for _, v := range values {
		h.Deliver(s, v, mark)
		h.Ack(s, v)
	}
	h.End(s)
	h.Settle(s)
	h.Drained(queue)
}

// histories are hand-made histories by what they tell.
type histories map[string]func(h *History)

// requireOnly judges each history, which has to show one case of the verdict
// and none of any other, but for those that are named.
func (tests histories) requireOnly(t *testing.T, verdict Verdict, beside ...Verdict) {
	for name, history := range tests {
		t.Run(name, func(t *testing.T) {
			h := handMade()
			history(h)
			report := Check(h, StrictAcks)
			for v := range verdictCount {
				want := 0
				if slices.Contains(beside, v) {
					continue
				}
				if v == verdict {
					want = 1
				}
				require.Equal(t, want, report.Count(v), "%v in:\n%v", v, report)
			}
			fails := verdict < Resurrected
			require.Equal(t, fails, len(report.Failures()) == 1, "failures: %q", report.Failures())
		})
	}
}

func TestCheck_Lost(t *testing.T) {
	histories{
		"confirmed and not in the drain": func(h *History) {
			confirmed(h, value(1), value(2))
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
		"delivered once, never acked, not in the drain": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Restart()
			drain(h, 0, Flagged)
		},
		"one of two copies": func(h *History) {
			both := Value{Publisher: 1, Origin: 2, Seq: 1}
			confirmed(h, both)
			h.Restart()
			drain(h, 0, Flagged, both)
			drain(h, 1, Flagged)
		},
	}.requireOnly(t, Lost)
}

func TestCheck_Duplicated(t *testing.T) {
	histories{
		"after its ack in the same life": func(h *History) {
			confirmed(h, value(1))
			drain(h, 0, Unflagged, value(1))
			drain(h, 0, Flagged, value(1))
		},
		"twice in a session that gave nothing back": func(h *History) {
			confirmed(h, value(1))
			drain(h, 0, Flagged, value(1), value(1))
		},
		"while another session holds it": func(h *History) {
			confirmed(h, value(1))
			holder := h.Open(0)
			h.Deliver(holder, value(1), Unflagged)
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, Duplicated)
}

func TestCheck_Reordered(t *testing.T) {
	histories{
		"backwards in one session": func(h *History) {
			confirmed(h, value(1), value(2))
			drain(h, 0, Unflagged, value(2), value(1))
		},
		"one that was left out comes later": func(h *History) {
			confirmed(h, value(1), value(2), value(3))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Ack(s, value(1))
			h.Deliver(s, value(3), Unflagged)
			h.Ack(s, value(3))
			h.Deliver(s, value(2), Unflagged)
			h.Ack(s, value(2))
			h.Drained(0)
		},
	}.requireOnly(t, Reordered)
}

func TestCheck_Alien(t *testing.T) {
	histories{
		"never sent": func(h *History) {
			confirmed(h, value(1))
			drain(h, 0, Unflagged, value(1), value(2))
		},
		"out of the wrong queue": func(h *History) {
			confirmed(h, value(1))
			drain(h, 0, Unflagged, value(1))
			drain(h, 1, Unflagged, value(1))
		},
		"altered": func(h *History) {
			s := h.Open(0)
			_, err := DecodeBody([]byte("something else"))
			h.Garbled(s, err)
		},
	}.requireOnly(t, Alien)
}

func TestCheck_UnflaggedAgain(t *testing.T) {
	histories{
		"second delivery after a crash": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Restart()
			drain(h, 0, Unflagged, value(1))
		},
		"second delivery after the session gave it back": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Requeue(s, value(1))
			h.Deliver(s, value(1), Unflagged)
			h.Ack(s, value(1))
			h.Drained(0)
		},
	}.requireOnly(t, UnflaggedAgain)
}

func TestCheck_NeverConfirmed(t *testing.T) {
	histories{
		"no answer in the quiet phase": func(h *History) {
			h.Quiet()
			h.Send(Value{Publisher: 1, Origin: 3, Seq: 1})
		},
	}.requireOnly(t, NeverConfirmed)
}

func TestCheck_NackedButDelivered(t *testing.T) {
	histories{
		"nacked but delivered": func(h *History) {
			h.Send(value(1))
			h.Outcome(value(1), Nacked)
			drain(h, 0, Unflagged, value(1))
		},
	}.requireOnly(t, NackedButDelivered)
}

func TestCheck_ReturnedButRouted(t *testing.T) {
	histories{
		"returned but routed": func(h *History) {
			h.Send(value(1))
			h.Outcome(value(1), Returned)
			h.Outcome(value(1), Confirmed)
			drain(h, 0, Unflagged, value(1))
		},
	}.requireOnly(t, ReturnedButRouted)
}

func TestCheck_Undrained(t *testing.T) {
	histories{
		"nobody emptied the queue": func(h *History) {
			h.Send(value(1))
		},
	}.requireOnly(t, Undrained)
}

func TestCheck_Resurrected(t *testing.T) {
	histories{
		"after an ack and a crash": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Ack(s, value(1))
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, Resurrected)
}

func TestCheck_ResurrectedSettled(t *testing.T) {
	histories{
		"after the close-ok and a crash": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Ack(s, value(1))
			h.End(s)
			h.Settle(s)
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, ResurrectedSettled)
}

func TestCheck_Recovered(t *testing.T) {
	histories{
		"delivered without an answer": func(h *History) {
			h.Send(value(1))
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireOnly(t, Recovered)
}

// requireNone judges each history, which must not show a failure.
func (tests histories) requireNone(t *testing.T) {
	for name, history := range tests {
		t.Run(name, func(t *testing.T) {
			h := handMade()
			history(h)
			report := Check(h, StrictAcks)
			require.Empty(t, report.Failures(), "%v", report)
		})
	}
}

func TestCheck_WhatCrashesAndRefusalsMayDo(t *testing.T) {
	nowhere := Value{Publisher: 2, Origin: 3, Seq: 1}
	histories{
		"nothing happened": func(*History) {},
		"an unanswered message is not there": func(h *History) {
			h.Send(value(1))
			h.Restart()
			drain(h, 0, Flagged)
		},
		"an acked message does not come back": func(h *History) {
			confirmed(h, value(1))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Ack(s, value(1))
			h.Restart()
			drain(h, 0, Flagged)
		},
		"a refused message is gone": func(h *History) {
			h.Send(value(1))
			h.Outcome(value(1), Nacked)
			drain(h, 0, Unflagged)
		},
		"a message without a queue is returned and confirmed": func(h *History) {
			h.Quiet()
			h.Send(nowhere)
			h.Outcome(nowhere, Returned)
			h.Outcome(nowhere, Confirmed)
		},
		"a flag too many after a crash": func(h *History) {
			confirmed(h, value(1))
			h.Restart()
			drain(h, 0, Flagged, value(1))
		},
	}.requireNone(t)
}

func TestCheck_WhatSessionsMaySee(t *testing.T) {
	both := Value{Publisher: 2, Origin: 2, Seq: 1}
	histories{
		"what the session requeued comes back late": func(h *History) {
			confirmed(h, value(1), value(2), value(3))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Deliver(s, value(2), Unflagged)
			h.Requeue(s, value(1))
			h.Deliver(s, value(3), Unflagged)
			h.Deliver(s, value(1), Flagged)
			for seq := range uint32(3) {
				h.Ack(s, value(seq+1))
			}
			h.Drained(0)
		},
		"an ended session's messages go to the next": func(h *History) {
			confirmed(h, value(1), value(2))
			s := h.Open(0)
			h.Deliver(s, value(1), Unflagged)
			h.Deliver(s, value(2), Unflagged)
			h.End(s)
			h.Settle(s)
			drain(h, 0, Flagged, value(1), value(2))
		},
		"both copies of a message are delivered": func(h *History) {
			confirmed(h, both)
			drain(h, 0, Unflagged, both)
			drain(h, 1, Unflagged, both)
		},
		"publishers and origins are ordered each for itself": func(h *History) {
			other := Value{Publisher: 2, Origin: 0, Seq: 1}
			confirmed(h, value(1), value(2), other, both)
			drain(h, 0, Unflagged, value(1), value(2), other, both)
			drain(h, 1, Unflagged, both)
		},
	}.requireNone(t)
}

func TestCheck_LenientAcksAllowASettledOneToComeBack(t *testing.T) {
	h := handMade()
	confirmed(h, value(1))
	s := h.Open(0)
	h.Deliver(s, value(1), Unflagged)
	h.Ack(s, value(1))
	h.End(s)
	h.Settle(s)
	h.Restart()
	drain(h, 0, Flagged, value(1))

	require.Empty(t, Check(h, LenientAcks).Failures())
	require.Equal(t, []string{"resurrected settled: 1"}, Check(h, StrictAcks).Failures())
}

func TestCheck_TellsWhereTheLostOnesLie(t *testing.T) {
	h := handMade()
	for seq := range uint32(9) {
		confirmed(h, value(seq+1))
	}
	h.Restart()
	for seq := range uint32(3) {
		confirmed(h, value(seq+10))
	}
	drain(h, 0, Flagged, value(2), value(4), value(5), value(6), value(10), value(11))

	report := Check(h, LenientAcks)
	require.Equal(t, 6, report.Count(Lost), "%v", report)
	text := report.String()
	for _, line := range []string{
		"publisher 1, life 1, of 9 confirmed copies lost: first third 2, middle 0, last 3",
		"publisher 1, life 2, of 3 confirmed copies lost: first third 0, middle 0, last 1",
	} {
		require.True(t, strings.Contains(text, line), "%q is missing in:\n%s", line, text)
	}
}

func TestCheck_CountsWhatHappened(t *testing.T) {
	h := handMade()
	confirmed(h, value(1), value(2))
	h.Send(value(3))
	h.Restart()
	drain(h, 0, Flagged, value(1), value(2))

	report := Check(h, LenientAcks)
	require.Equal(t, 3, report.Sent)
	require.Equal(t, 2, report.Confirmed)
	require.Equal(t, 2, report.Deliveries)
	require.Equal(t, 2, report.Lives)
}
