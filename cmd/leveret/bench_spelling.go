package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
)

// spelling turns PerfTest's ways to write a flag of leveret bench, -qp and
// -queue-pattern, into the one of this command line: --queue-pattern.
func spelling(root *cobra.Command, args []string) []string {
	if len(args) == 0 || args[0] != "bench" {
		return args
	}
	command, _, err := root.Find(args[:1])
	if err != nil {
		return args // Execute tells
	}
	spelled := []string{}
	for _, arg := range args {
		name, single := strings.CutPrefix(arg, "-")
		name, value, _ := strings.Cut(name, "=")
		long := name
		if full, ok := shortNames()[name]; ok {
			long = full
		}
		if single && len(name) > 1 && command.Flags().Lookup(long) != nil || arg == "-?" {
			arg = strings.TrimSuffix("--"+long+"="+value, "=")
		}
		spelled = append(spelled, arg)
	}
	return spelled
}

// shortNames are PerfTest's short names that have several letters, and the one
// that is no letter.
func shortNames() map[string]string {
	return map[string]string{
		"?":    "help",
		"ad":   "auto-delete",
		"bc":   "body-count",
		"bfc":  "body-field-count",
		"ca":   "consumer-args",
		"cri":  "connection-recovery-interval",
		"ct":   "confirm-timeout",
		"ctp":  "consumers-thread-pools",
		"dcr":  "disable-connection-recovery",
		"hst":  "heartbeat-sender-threads",
		"jb":   "json-body",
		"mp":   "message-properties",
		"ms":   "use-millis",
		"na":   "nack",
		"niot": "nio-threads",
		"pi":   "polling-interval",
		"po":   "polling",
		"prsd": "producer-random-start-delay",
		"pst":  "producer-scheduler-threads",
		"qa":   "queue-args",
		"qf":   "queue-file",
		"qp":   "queue-pattern",
		"qpf":  "queue-pattern-from",
		"qpt":  "queue-pattern-to",
		"qq":   "quorum-queue",
		"re":   "requeue",
		"rkcs": "routing-key-cache-size",
		"sb":   "skip-binding-queues",
		"se":   "sasl-external",
		"sst":  "servers-startup-timeout",
		"st":   "shutdown-timeout",
		"udsc": "use-default-ssl-context",
		"vl":   "variable-latency",
		"vr":   "variable-rate",
		"vs":   "variable-size",
	}
}

// unsupportedFlags are those of PerfTest that leveret bench does not have: what
// concerns threads and other matters of a Java program, and what nobody has
// needed yet.
func unsupportedFlags() []string {
	return []string{
		"body", "body-content-type", "body-count", "body-field-count", "connection-recovery-interval",
		"consumers-thread-pools", "disable-connection-recovery", "environment-variables", "heartbeat-sender-threads",
		"json-body", "legacy-metrics", "metrics-help", "metrics-prometheus", "nack", "nio-thread-pool", "nio-threads",
		"polling", "polling-interval", "producer-scheduler-threads", "queue-file", "requeue", "routing-key-cache-size",
		"sasl-external", "servers-startup-timeout", "shutdown-timeout", "slow-start", "use-default-ssl-context",
		"variable-latency", "variable-rate", "variable-size",
	}
}

// unsupported is the value of a flag that PerfTest has and leveret bench has not.
type unsupported struct{}

func (unsupported) String() string { return "" }

// Set refuses the flag.
func (unsupported) Set(string) error {
	return errors.New("PerfTest has it, leveret bench does not")
}

// Type is what help would show.
func (unsupported) Type() string { return "" }
