package management

import (
	"encoding/json"
	"math"
	"net/url"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPacked_NumbersComeBack(t *testing.T) {
	for _, numbers := range [][]int64{
		nil, {0}, {1}, {-1}, {0, 0, 0}, {math.MaxInt64, 0, math.MinInt64}, make([]int64, maxCounters),
		{0, 127, 128, -64, -65, 300},
	} {
		packed := appendPacked([]byte("x"), numbers)
		got := make([]int64, len(numbers))
		rest := addPacked(got, append(packed[1:], "rest"...))
		require.Equal(t, "rest", string(rest))
		require.ElementsMatch(t, numbers, got)
	}
}

// rounds feeds the counter of one object, one value a round.
func rounds(s *series[string], from int64, values ...int64) int64 {
	for _, v := range values {
		s.record(from, func(each func(string, []int64)) { each("it", []int64{v}) })
		from++
	}
	return from
}

func TestSeries_RateIsThatOfTheLastRound(t *testing.T) {
	for _, tc := range []struct {
		name   string
		values []int64
		rate   float64
	}{
		{"what is there at the start has come before", []int64{100}, 0},
		{"nothing happens", []int64{100, 100}, 0},
		{"it grows", []int64{100, 110}, 2},
		{"it has grown before", []int64{100, 110, 110}, 0},
		{"it is another one with the same name", []int64{100, 5}, 1},
		{"it is gone, and back", []int64{0, 50}, 10},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSeries[string](1, 1, basicPolicy())
			rounds(s, 1000, tc.values...)
			m := s.motion("it", windows{})
			d := m.details(0, nil)
			require.InDelta(t, tc.rate, d.Rate, 0)
			require.Nil(t, d.course)
		})
	}
}

func TestSeries_LostRoundsCountAsTime(t *testing.T) {
	s := newSeries[string](1, 1, basicPolicy())
	rounds(s, 1000, 0)
	rounds(s, 1004, 40)
	m := s.motion("it", windows{})
	require.InDelta(t, 2, m.details(0, nil).Rate, 0)
}

func TestSeries_GaugesMayFall(t *testing.T) {
	s := newSeries[string](1, 0, basicPolicy())
	rounds(s, 1000, 100, 90)
	m := s.motion("it", windows{})
	require.InDelta(t, -2, m.details(0, nil).Rate, 0)
}

func TestSeries_Samples(t *testing.T) {
	s := newSeries[string](1, 1, basicPolicy())
	last := rounds(s, 12000, 0, 0, 10, 20, 30) - 1
	at := func(age, every int64) []int64 {
		w := &window{age: time.Duration(age) * time.Second, every: time.Duration(every) * time.Second}
		w.end = time.Unix(last*5/every*every, 0)
		m := s.motion("it", windows{messages: w})
		course := m.details(0, w).course
		values := make([]int64, w.count())
		for i, sample := range course.Samples.points() {
			values[i] = sample.Sample
			require.Equal(t, w.end.UnixMilli()-int64(i)*every*1000, sample.Timestamp)
		}
		return values
	}
	require.Equal(t, []int64{30, 20, 10, 0, 0, 0, 0}, at(30, 5))
	require.Equal(t, []int64{30, 10, 0, 0}, at(30, 10))
	require.Equal(t, []int64{0, 0}, at(3600, 3600), "older than all that is known")
}

func TestSeries_CoarseSamplesReachBack(t *testing.T) {
	s := newSeries[string](1, 1, basicPolicy())
	first, n := int64(12000), int64(720)
	var values []int64
	for i := range n + 1 {
		values = append(values, i)
	}
	last := rounds(s, first, values...) - 1
	w := &window{age: time.Hour, every: 10 * time.Minute, end: time.Unix(last*5, 0)}
	m := s.motion("it", windows{messages: w})
	course := m.details(0, w).course
	for i, sample := range course.Samples.points() {
		require.Equal(t, n-int64(i)*120, sample.Sample)
	}
	require.InDelta(t, 0.2, course.Rate.value(), 1e-9)
	require.InDelta(t, 360, course.Average.value(), 1e-9)
}

func TestSeries_FormatOfDetails(t *testing.T) {
	s := newSeries[string](1, 1, basicPolicy())
	rounds(s, 12000, 5, 10)
	w := &window{age: 5 * time.Second, every: 5 * time.Second, end: time.Unix(12001*5, 0)}
	m := s.motion("it", windows{messages: w})
	plain, err := json.Marshal(m.details(0, nil))
	require.NoError(t, err)
	require.JSONEq(t, `{"rate":1}`, string(plain))
	long, err := json.Marshal(m.details(0, w))
	require.NoError(t, err)
	require.JSONEq(t, `{"rate":1,"avg":7.5,"avg_rate":1,
		"samples":[{"sample":10,"timestamp":60005000},{"sample":5,"timestamp":60000000}]}`, string(long))
}

func TestSeries_ForgetsWhatEndsAndWhatIsIdle(t *testing.T) {
	s := newSeries[string](1, 1, basicPolicy())
	s.record(1000, func(each func(string, []int64)) { each("never used", []int64{0}) })
	require.Empty(t, s.objects)
	last := rounds(s, 1001, 1, 2)
	require.NotNil(t, s.objects["it"].trails)
	for range 740 {
		last = rounds(s, last, 2)
	}
	require.Nil(t, s.objects["it"].trails, "more than an hour without a change")
	s.record(last, func(func(string, []int64)) {})
	require.Empty(t, s.objects)
}

func TestSeries_IdleObjectsAreCheap(t *testing.T) {
	const n, width = 20_000, 14
	keys := make([]string, n)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	s := newSeries[string](width, width, basicPolicy())
	values := make([]int64, width)
	for i := range values {
		values[i] = int64(i) * 1000
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for round := range int64(3) {
		s.record(1000+round, func(each func(string, []int64)) {
			for _, k := range keys {
				each(k, values)
			}
		})
	}
	require.Less(t, (heap()-before)/n, uint64(300))
	runtime.KeepAlive(s)
}

func TestParseWindows(t *testing.T) {
	now := time.Unix(1_000_000_003, 0)
	for _, tc := range []struct {
		query, want string
		none        bool
	}{
		{query: "lengths_age=60&lengths_incr=5"},
		{query: "lengths_age=86400&lengths_incr=1800"},
		{query: "lengths_age=60", none: true},
		{query: "lengths_age=60&lengths_incr=abc", none: true},
		{query: "", none: true},
		{query: "lengths_age=60&lengths_incr=0", want: "Invalid range parameters: age 60, incr 0"},
		{query: "lengths_age=0&lengths_incr=5", want: "Invalid range parameters: age 0, incr 5"},
		{query: "lengths_age=600000&lengths_incr=5", want: "Invalid range parameters: age 600000, incr 5"},
		{query: "lengths_age=86400&lengths_incr=1", want: "Invalid range parameters: age 86400, incr 1"},
	} {
		t.Run(tc.query, func(t *testing.T) {
			query, err := url.ParseQuery(tc.query)
			require.NoError(t, err)
			w, err := parseWindows(query, now)
			if tc.want != "" {
				require.ErrorContains(t, err, tc.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tc.none, w.lengths == nil)
			if w.lengths != nil {
				require.Zero(t, w.lengths.end.Unix()%int64(w.lengths.every.Seconds()))
			}
		})
	}
}

func TestRetention_IsRabbitMQs(t *testing.T) {
	text, err := json.Marshal(retentionView())
	require.NoError(t, err)
	require.JSONEq(t, `{"global":[600,3600,28800,86400],"basic":[600,3600],"detailed":[600]}`, string(text))
}

func BenchmarkSeries_Round(b *testing.B) {
	const n, width = 10_000, 14
	keys := make([]string, n)
	for i := range keys {
		keys[i] = strconv.Itoa(i)
	}
	s := newSeries[string](width, width, basicPolicy())
	values := make([]int64, width)
	round := int64(1000)
	for b.Loop() {
		for i := range values {
			values[i] += int64(i * i)
		}
		s.record(round, func(each func(string, []int64)) {
			for _, k := range keys {
				each(k, values)
			}
		})
		round++
	}
}

// TestSeries_MayBeReadWhileItIsWritten is for the race detector.
func TestSeries_MayBeReadWhileItIsWritten(t *testing.T) {
	s := newSeries[string](1, 1, basicPolicy())
	w := &window{age: time.Minute, every: 5 * time.Second, end: time.Unix(12000*5, 0)}
	written := make(chan struct{})
	go func() {
		defer close(written)
		for round := range int64(500) {
			rounds(s, 12000+round, round)
		}
	}()
	for reading := true; reading; {
		select {
		case <-written:
			reading = false
		default:
		}
		m := s.motion("it", windows{messages: w})
		_, err := json.Marshal(m.details(0, w))
		require.NoError(t, err)
		s.latest("it", make([]int64, 1))
	}
}
