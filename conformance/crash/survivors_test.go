package crash

import "fmt"

// survivors is what is left of the messages of a history, wherever it was.
type survivors struct {
	Confirmed int // persistent messages
	Refused   int // that were nacked
	Once      int // confirmed messages with one copy
	Often     int // with more: a crash between two steps
	Most      int // copies of one message
}

func (s survivors) String() string {
	return fmt.Sprintf("confirmed %d, refused %d; found once %d, more than once %d (at most %d times)",
		s.Confirmed, s.Refused, s.Once, s.Often, s.Most)
}

// countSurvivors counts what was taken for good, in any queue, and lists the
// confirmed messages of which nothing was. The clients are at rest.
func countSurvivors(h *History) (lost []Value, report survivors) {
	h.mu.Lock()
	defer h.mu.Unlock()
	transient, copies := map[Value]bool{}, map[Value]int{}
	var confirmed []Value
	for _, e := range h.events {
		switch {
		case e.kind == eventSend && e.transient:
			transient[e.value] = true
		case e.kind == eventAck:
			copies[e.value]++
		case e.kind == eventOutcome && e.outcome == Nacked:
			report.Refused++
		case e.kind == eventOutcome && e.outcome == Confirmed && !transient[e.value]:
			confirmed = append(confirmed, e.value)
		}
	}
	report.Confirmed = len(confirmed)
	for _, v := range confirmed {
		n := copies[v]
		report.Most = max(report.Most, n)
		switch n {
		case 0:
			lost = append(lost, v)
		case 1:
			report.Once++
		default:
			report.Often++
		}
	}
	return lost, report
}
