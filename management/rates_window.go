package management

import (
	"encoding/json"
	"net/url"
	"strconv"
	"time"
)

// maxSamples bounds the samples of one counter in an answer: twice as many as any
// policy keeps.
const maxSamples = 300

// window is the samples that a request asks for: how far back, and with which time
// between them.
type window struct {
	age, every time.Duration
	end        time.Time // the newest sample's time
}

// windows are those of the groups of counters; nil asks for no samples.
type windows struct {
	lengths  *window // of queues
	messages *window
	data     *window // of connections
	node     *window
}

// parseWindows reads ?lengths_age=60&lengths_incr=5 and so on, in seconds. Half of a
// pair, and what is no number, asks for nothing (RabbitMQ behaviour).
func parseWindows(query url.Values, now time.Time) (windows, error) {
	var w windows
	for _, group := range []struct {
		name string
		into **window
	}{{"lengths", &w.lengths}, {"msg_rates", &w.messages}, {"data_rates", &w.data}, {"node_stats", &w.node}} {
		parsed, err := parseWindow(query.Get(group.name+"_age"), query.Get(group.name+"_incr"), now)
		if err != nil {
			return windows{}, err
		}
		*group.into = parsed
	}
	return w, nil
}

func parseWindow(age, every string, now time.Time) (*window, error) {
	a, errAge := strconv.ParseInt(age, 10, 32)
	e, errEvery := strconv.ParseInt(every, 10, 32)
	if errAge != nil || errEvery != nil {
		return nil, nil
	}
	longest := globalPolicy()[len(globalPolicy())-1].reach()
	w := &window{age: time.Duration(a) * time.Second, every: time.Duration(e) * time.Second}
	if a <= 0 || e <= 0 || w.age > longest || a/e >= maxSamples {
		return nil, queryProblem("invalid_range_parameters", "Invalid range parameters: age %d, incr %d", a, e)
	}
	w.end = time.Unix(now.Unix()/e*e, 0)
	return w, nil
}

// maxSampledList is how many objects a list may have with samples, unless it is paged:
// those of one queue may take 500 KiB.
const maxSampledList = 500

// forList drops the samples of a list that is too long for them. Rates stay.
func (w windows) forList(r *request, objects int) windows {
	if objects > maxSampledList && !r.query.Has("page") {
		return windows{}
	}
	return w
}

// count is the number of samples.
func (w *window) count() int { return int(w.age/w.every) + 1 }

// at is the time of a sample, of which the newest is the first.
func (w *window) at(i int) time.Time { return w.end.Add(-time.Duration(i) * w.every) }

// point is one value of a counter.
type point struct {
	Sample    int64 `json:"sample"`
	Timestamp int64 `json:"timestamp"` // milliseconds since 1970
}

// course is how a counter went, as RabbitMQ tells it. It is worked out when it is
// written: most of the objects that a list is made of are not on its page.
type course struct {
	Samples courseSamples `json:"samples"` // the newest first
	Average courseAverage `json:"avg"`
	Rate    courseRate    `json:"avg_rate"` // per second, over all samples
}

// way is the counter of an object that a course is of.
type way struct {
	known   *known
	counter int
	window  *window
}

type (
	courseSamples struct{ *way }
	courseAverage struct{ *way }
	courseRate    struct{ *way }
)

// points are the samples.
func (c courseSamples) points() []point {
	values := c.known.values(c.counter, c.window)
	points := make([]point, len(values))
	for i, v := range values {
		points[i] = point{Sample: v, Timestamp: c.window.at(i).UnixMilli()}
	}
	return points
}

// MarshalJSON writes the samples.
func (c courseSamples) MarshalJSON() ([]byte, error) { return json.Marshal(c.points()) }

func (c courseAverage) value() float64 {
	values := c.known.values(c.counter, c.window)
	var sum float64
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}

// MarshalJSON writes the average.
func (c courseAverage) MarshalJSON() ([]byte, error) { return json.Marshal(c.value()) }

func (c courseRate) value() float64 {
	values := c.known.values(c.counter, c.window)
	last := len(values) - 1
	if last == 0 {
		return 0
	}
	return float64(values[0]-values[last]) / (time.Duration(last) * c.window.every).Seconds()
}

// MarshalJSON writes the rate.
func (c courseRate) MarshalJSON() ([]byte, error) { return json.Marshal(c.value()) }

// details goes with each counter: what it changes by per second now, and how it went if
// that was asked for.
type details struct {
	Rate float64 `json:"rate"`
	*course
}

// motion is how the counters of one object change.
type motion struct {
	rates []float64 // per second; nil if nothing changes
	known *known    // nil if no samples were asked for
}

// known is what samples are made of.
type known struct {
	last   []int64
	round  int64
	steps  []step
	trails []trail
}

// motion tells how the counters of an object change. Samples are only there if
// something asks for them; an object that is not known does not move.
func (s *series[K]) motion(key K, w windows) motion {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h := s.objects[key]
	var m motion
	if h != nil && h.recent != nil {
		diff := make([]int64, s.width)
		addPacked(diff, h.recent)
		m.rates = make([]float64, s.width)
		seconds := sampleInterval.Seconds() * float64(h.passed)
		for i, n := range diff {
			m.rates[i] = float64(n) / seconds
		}
	}
	if w == (windows{}) {
		return m
	}
	m.known = &known{last: make([]int64, s.width), round: s.round, steps: s.steps}
	if h != nil {
		m.known.round = h.round // which is the one before, while a look is under way
		addPacked(m.known.last, h.last)
		for i := range h.trails {
			m.known.trails = append(m.known.trails, h.trails[i].clone())
		}
	}
	return m
}

// latest adds the values of the last round to dst.
func (s *series[K]) latest(key K, dst []int64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if h := s.objects[key]; h != nil {
		addPacked(dst, h.last)
	}
}

// details is what to tell of the counter with the given number.
func (m *motion) details(counter int, w *window) details {
	var d details
	if m.rates != nil {
		d.Rate = m.rates[counter]
	}
	if w != nil && m.known != nil {
		d.course = m.known.course(counter, w)
	}
	return d
}

// course tells how a counter went.
func (k *known) course(counter int, w *window) *course {
	of := &way{known: k, counter: counter, window: w}
	return &course{Samples: courseSamples{of}, Average: courseAverage{of}, Rate: courseRate{of}}
}

// values is the counter at each time of the window, the newest first. Before the oldest
// time that is known of, it is what it was then.
func (k *known) values(counter int, w *window) []int64 {
	values := make([]int64, w.count())
	missing := len(values) // those behind it are filled in
	at, value := k.trail(w), k.last[counter]
	if at >= 0 {
		seconds := int64(k.steps[at].every() / time.Second)
		newest := k.round * int64(sampleInterval/time.Second) / seconds
		value = k.trails[at].base[counter]
		k.trails[at].values(func(back int, now []int64) {
			from := (newest - int64(back)) * seconds
			for ; missing > 0 && w.at(missing-1).Unix() < from; missing-- {
				values[missing-1] = value
			}
			value = now[counter]
		})
	}
	for i := range values[:missing] {
		values[i] = value
	}
	return values
}

// trail is the finest one that reaches back far enough, or the longest; negative if
// there is none because nothing has changed.
func (k *known) trail(w *window) int {
	if len(k.trails) == 0 {
		return -1
	}
	for i, s := range k.steps {
		if s.reach() >= w.age {
			return i
		}
	}
	return len(k.steps) - 1
}

// retention is RabbitMQ's name for the policies, in seconds.
type retention struct {
	Global   []int `json:"global"`
	Basic    []int `json:"basic"`
	Detailed []int `json:"detailed"`
}

func retentionView() retention {
	reach := func(steps []step) []int {
		var seconds []int
		for _, s := range steps {
			seconds = append(seconds, int(s.reach().Seconds()))
		}
		return seconds
	}
	return retention{Global: reach(globalPolicy()), Basic: reach(basicPolicy()), Detailed: reach(basicPolicy()[:1])}
}
