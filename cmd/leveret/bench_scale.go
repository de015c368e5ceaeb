package main

import (
	"time"

	"github.com/spf13/pflag"

	"github.com/leveretmq/leveret/internal/bench"
)

// scaleFlags are the flags of leveret bench run.
type scaleFlags struct {
	scale        bench.Scale
	output       benchOutput
	uri          string
	pids         []int
	time, warmUp seconds
	interval     seconds
}

func newScaleFlags() *scaleFlags {
	scale, o := bench.DefaultScale(), bench.Defaults()
	return &scaleFlags{
		scale: scale, uri: o.URLs[0], time: seconds(scale.Time), warmUp: seconds(scale.WarmUp), interval: seconds(o.Interval),
	}
}

func (f *scaleFlags) register(set *pflag.FlagSet) {
	set.Bool("help", false, "show this help (-?)") // -h is the broker's address
	set.SortFlags = false
	set.StringVarP(&f.uri, "uri", "h", f.uri, "address of the broker")
	set.IntSliceVar(&f.pids, "pid", nil, "processes of the broker; without it, the one that listens on its port")
	set.VarP(&f.time, "time", "z", "length of each test")
	set.Var(&f.warmUp, "warm-up", "time before that, which the averages leave out")
	set.VarP(&f.interval, "interval", "i", "time between two lines")
	set.IntVar(&f.scale.Connections, "connections", f.scale.Connections, "connections of the scenario of that name")
	set.IntVar(&f.scale.Queues, "queues", f.scale.Queues, "queues of the scenario of that name")
	set.IntVar(&f.scale.Messages, "messages", f.scale.Messages, "messages of the scenario backlog")
	set.IntVar(&f.scale.Bindings, "bindings", f.scale.Bindings, "bindings of the scenario topics")
	set.IntVarP(&f.scale.Rate, "rate", "r", f.scale.Rate, "messages a second of the scenario latency")
	f.output.register(set)
}

// apply puts what all tests share into them. What a test does without a length
// of time it does without one here.
func (f *scaleFlags) apply(cases []bench.Case) []bench.Case {
	for i := range cases {
		o := &cases[i].Options
		o.ID, o.URLs, o.PIDs, o.Interval = cases[i].Name, []string{f.uri}, f.pids, time.Duration(f.interval)
		if o.Time > 0 {
			o.Time, o.WarmUp = time.Duration(f.time), time.Duration(f.warmUp)
		}
	}
	return cases
}
