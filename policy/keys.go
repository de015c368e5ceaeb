package policy

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// key is one thing that a policy may say.
type key struct {
	name string
	// check returns what is wrong with the value, or nothing.
	check func(value any) string
	// without are the objects that do not know the key: to them a policy that has it
	// does not apply.
	without []Target
	// classic says that our classic queues know the key nonetheless, see strangers.
	classic bool
	// operator says that operator policies may have the key, and merge what becomes
	// of two values; nil takes the operator's.
	operator bool
	merge    func(ordinary, operator any) any
}

// commonKeys are those that do not depend on each other, by name.
func commonKeys() []key {
	onlyQuorum, onlyStream := []Target{ClassicQueues, Streams}, []Target{ClassicQueues, QuorumQueues}
	onlyClassic, noStream := []Target{QuorumQueues, Streams}, []Target{Streams}
	return []key{
		{name: "alternate-exchange", check: text("alternate exchange name")},
		{name: "consumer-disconnected-timeout", check: integer("consumer disconnected timeout", 0, math.MaxInt64), without: onlyQuorum},
		{name: "consumer-timeout", check: integer("consumer timeout", 0, math.MaxInt64)},
		{name: "dead-letter-exchange", check: text("dead letter exchange name"), without: noStream},
		{name: "dead-letter-routing-key", check: text("dead letter routing key"), without: noStream},
		{name: "dead-letter-strategy", check: oneOf("dead letter strategy", "at-most-once", "at-least-once"), without: onlyQuorum},
		{name: "delayed-retry-max", check: integer("delayed retry max", 0, math.MaxInt64), without: onlyQuorum, classic: true, operator: true, merge: smaller},
		{name: "delayed-retry-min", check: integer("delayed retry min", 0, math.MaxInt64), without: onlyQuorum, classic: true, operator: true, merge: larger},
		{name: "delayed-retry-type", check: oneOf("delayed retry type", "disabled", "all", "failed", "returned"), without: onlyQuorum, classic: true, operator: true},
		{name: "delivery-limit", check: integer("delivery limit", math.MinInt64, math.MaxInt64), without: onlyQuorum, classic: true, operator: true, merge: deliveryLimit},
		{name: "expires", check: integer("queue expiry", 1, math.MaxInt64), without: noStream, operator: true, merge: smaller},
		{name: "initial-cluster-size", check: integer("cluster size", 0, math.MaxInt64), without: onlyStream},
		{name: "max-age", check: checkMaxAge, without: onlyStream},
		{name: "max-in-memory-bytes", check: integer("maximum memory in bytes", 0, math.MaxInt64), without: onlyQuorum, operator: true, merge: smaller},
		{name: "max-in-memory-length", check: integer("maximum memory in bytes", 0, math.MaxInt64), without: onlyQuorum, operator: true, merge: smaller},
		{name: "max-length", check: integer("maximum length", 0, math.MaxInt64), without: noStream, operator: true, merge: smaller},
		{name: "max-length-bytes", check: integer("maximum length in bytes", 0, math.MaxInt64), operator: true, merge: smaller},
		{name: "message-ttl", check: integer("message TTL", 0, math.MaxInt64), without: noStream, operator: true, merge: smaller},
		{name: "overflow", check: oneOf("overflow value", "drop-head", "reject-publish", "reject-publish-dlx"), without: noStream, operator: true},
		{name: "queue-leader-locator", check: oneOf("queue leader locator value", "client-local", "balanced", "random", "least-leaders")},
		{name: "queue-master-locator", check: oneOf("master locator", "client-local", "min-masters", "random"), without: onlyClassic, operator: true},
		{name: "queue-mode", check: oneOf("queue-mode value", "default", "lazy"), without: onlyClassic},
		{name: "queue-version", check: integer("queue-version value", 1, 2), operator: true},
		{name: "stream-filter-size-bytes", check: checkFilterSize},
		{name: "stream-max-segment-size-bytes", check: integer("segment size", 0, 3_000_000_000), without: onlyStream},
		{name: "target-group-size", check: integer("qq target count value", 1, math.MaxInt64), without: onlyQuorum, operator: true, merge: larger},
	}
}

func text(what string) func(any) string {
	return func(value any) string {
		if _, ok := value.(string); !ok {
			return invalid(value, what)
		}
		return ""
	}
}

func integer(what string, lowest, highest int64) func(any) string {
	return func(value any) string {
		if n, ok := Integer(value); !ok || n < lowest || n > highest {
			return invalid(value, what)
		}
		return ""
	}
}

func oneOf(what string, allowed ...string) func(any) string {
	return func(value any) string {
		if s, ok := value.(string); !ok || !slices.Contains(allowed, s) {
			return invalid(value, what)
		}
		return ""
	}
}

func invalid(value any, what string) string {
	return fmt.Sprintf("%s is not a valid %s", term(value), what)
}

// checkMaxAge wants a number and a unit, from years to seconds.
func checkMaxAge(value any) string {
	s, _ := value.(string)
	digits := strings.TrimRight(s, "YMDhms")
	if len(digits) != len(s)-1 || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return invalid(value, "max age")
	}
	return ""
}

func checkFilterSize(value any) string {
	if n, ok := Integer(value); !ok || n < 16 || n > 255 {
		return invalid(value, "filter size. Valid range is 16-255")
	}
	return ""
}
