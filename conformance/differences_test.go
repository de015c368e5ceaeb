package conformance

import (
	"strconv"
	"strings"
)

// difference excuses one test on some versions of RabbitMQ, never on Leveret. The
// test is run all the same, and must fail.
type difference struct {
	test         string // the test's whole name, subtest included
	from, before string // versions of RabbitMQ that differ; empty is no bound
	reason       string // with the section of the behaviour reference
}

// knownDifferences is the whole list; the run prints what applied.
var knownDifferences = [...]difference{
	{
		test: "TestConnection_AMQPLAINLogsIn/as_octets", before: "4.0.0",
		reason: "1.3: type x of LOGIN and PASSWORD is understood since 4.x",
	},
	{
		test: "TestFraming_BodyLongerThanAnnounced", before: "4.2.9",
		reason: "1.9 and 13: a body longer than its header announces is refused since 4.2.9",
	},
	{
		test: "TestFraming_BodyLargerThanTheMaximumIsRefusedByItsHeader", before: "4.2.9",
		reason: "1.9 and 13: a header that announces more than 512 MiB is refused since 4.2.9",
	},
	{
		test: "TestBasic_CancelOkFromTheClientIsAccepted", before: "4.3.0",
		reason: "5.2: cancel-ok from a client is a 503 in 3.10 and 4.0, and accepted in 4.3",
	},
	{
		test: "TestBasic_HeaderTablesComeBackAsSent/order", from: "4.0.0",
		reason: "5.6: 4.0 encodes the headers anew and sorts the headers by key",
	},
	{
		test: "TestBasic_HeaderTablesComeBackAsSent/repeated_key", from: "4.0.0",
		reason: "5.6: 4.0 encodes the headers anew and keeps the first of two headers of one key",
	},
	{
		test: "TestBasic_HeaderTablesComeBackAsSent/type_L", from: "4.0.0",
		reason: "5.6: 4.0 encodes the headers anew and writes type L as l",
	},
	{
		test: "TestBasic_HeaderTablesComeBackAsSent/true_as_2", from: "4.0.0",
		reason: "5.6: 4.0 encodes the headers anew and writes true as 1",
	},
	{
		test: "TestBasic_ExpirationComesBackAsSent", from: "4.0.0",
		reason: "5.6: 4.0 encodes the expiration anew, without leading zeros",
	},
	{
		test: "TestTx_RoutesWhenPublished/a_deleted_queue_is_passed_over", from: "4.0.0",
		reason: "5.11: 4.0 answers the commit with 406 partial tx completion, 3.10 with commit-ok",
	},
	{
		test: "TestLimit_ChannelsOfAUser", from: "4.0.0",
		reason: "10: the text of 4.0 has the name of the node where that of the user belongs",
	},
	{
		test: "TestQueue_SingleActiveIsFollowedByTheHighestPriority/quorum", before: "4.0.0",
		reason: "4.11: quorum queues with a single active consumer look at priorities since 4.0",
	},
	{
		test: "TestQueue_SingleActiveOfQuorumQueuesGivesWayToAHigherPriority", before: "4.0.0",
		reason: "4.11: quorum queues with a single active consumer look at priorities since 4.0",
	},
	{
		test: "TestQueue_SingleActiveOfQuorumQueuesSettlesBeforeItGivesWay", before: "4.0.0",
		reason: "4.11: quorum queues with a single active consumer look at priorities since 4.0",
	},
	{
		test: "TestQueue_SingleActiveOfQuorumQueuesStaysWhenTheSuccessorGoes", from: "4.0.0",
		reason: "4.11: the active consumer of RabbitMQ 4.0 gets nothing then until it acknowledges what it holds",
	},
	{
		test: "TestQueue_ConsumerArgumentOfMirroredQueuesIsIgnored/quorum", before: "4.0.0",
		reason: "5.2: quorum queues refuse x-cancel-on-ha-failover as long as there are mirrored ones",
	},
	{
		test: "TestQueue_LeaderLocatorIsOneOfFour/classic", before: "4.0.0",
		reason: "4.3: classic queues take x-queue-leader-locator since 4.0",
	},
	{
		test:   "TestQueue_ClassicDropsWhatComesBackTooOften",
		reason: "beyond RabbitMQ: classic queues take x-delivery-limit, too",
	},
	{
		test:   "TestQueue_ClassicRetriesLater",
		reason: "beyond RabbitMQ: classic queues take x-delayed-retry-type, too",
	},
	{
		test:   "TestQueue_OurArgumentsAreValidated",
		reason: "beyond RabbitMQ: what RabbitMQ does not know is not looked at there",
	},
	{
		test: "TestQueue_QuorumRetriesLater", before: "4.3.0",
		reason: "4.12: quorum queues retry later since 4.3",
	},
	{
		test: "TestQueue_QuorumPrefersHighPriorities", before: "4.0.0",
		reason: "4.12: quorum queues have priorities since 4.0",
	},
	{
		test: "TestQueue_QuorumDeliveryLimitIsTwenty", before: "4.0.0",
		reason: "4.12: up to 3.13 quorum queues have no delivery limit by default",
	},
	{
		test: "TestQueue_QuorumDeliveryLimitBelowZeroIsNone", before: "4.0.0",
		reason: "4.12: a negative delivery limit means none since 4.0, and drops at the first return before",
	},
	{
		test: "TestQueue_DeathsThatAPublisherSendsCount", from: "4.0.0",
		reason: "4.10: 4.0 passes an x-death header of a publisher on, but does not go on counting from it",
	},
	{
		test: "TestConsumerTimeout_ClosesTheChannel", before: "3.12.0",
		reason: "5.9: queues have a timeout of their own since 3.12",
	},
	{
		test: "TestConsumerTimeout_CancelsTheConsumer", before: "4.3.0",
		reason: "5.9: up to 4.2 the channel is closed",
	},
	{
		test: "TestReplyTo_MandatoryIsContentWithTheRequester", before: "4.2.0",
		reason: "5.12: up to 4.1 a direct reply counts as unroutable, though it arrives",
	},
	{
		test: "TestReplyTo_ARollbackTakesTheReplyBack", before: "4.2.0",
		reason: "5.12: up to 4.1 a direct reply goes out when it is published, whatever becomes of the transaction",
	},
	{
		test:   "TestExchange_DelayedRoutesLater",
		reason: "3.5: x-delayed-message is a plugin that RabbitMQ does not ship",
	},
	{
		test:   "TestExchange_DelayedRefusesArguments",
		reason: "3.5: x-delayed-message is a plugin that RabbitMQ does not ship",
	},
	{
		test:   "TestQueue_DelaysByArgument",
		reason: "the argument x-delayed is Leveret's own",
	},
	{
		test:   "TestQueue_ExpiresAnywhere",
		reason: "the argument x-message-ttl-anywhere is Leveret's own",
	},
	{
		test:   "TestQueue_Deduplicates",
		reason: "x-message-deduplication is a plugin that RabbitMQ does not ship",
	},
	{
		test:   "TestExchange_DeduplicationRefusesArguments",
		reason: "3.5: x-message-deduplication is a plugin that RabbitMQ does not ship",
	},
	{
		test:   "TestExchange_DeduplicationDropsRepeats",
		reason: "3.5: x-message-deduplication is a plugin that RabbitMQ does not ship",
	},
	{
		test:   "TestExchange_DeduplicationForgetsInTime",
		reason: "3.5: x-message-deduplication is a plugin that RabbitMQ does not ship",
	},
	{
		test:   "TestExchange_DeduplicationIsAtomic",
		reason: "3.5: x-message-deduplication is a plugin that RabbitMQ does not ship",
	},
	{
		test: "TestExchange_LocalRandomPicksOneQueue", before: "4.0.0",
		reason: "3.5: x-local-random exists since 4.0",
	},
	{
		test: "TestExchange_LocalRandomRefusesBindings", before: "4.0.0",
		reason: "3.5: x-local-random exists since 4.0",
	},
	{
		test: "TestExchange_ConsistentHashRefusesBindingKeys/10001", before: "4.3.0",
		reason: "3.5: a binding has at most 10000 buckets since 4.3",
	},
	{
		test:   "TestExchange_ConsistentHashStaysWhileABindingIsLeft",
		reason: "3.5: RabbitMQ takes a queue off the ring with any of its bindings, and loses its messages",
	},
}

// knownDifference finds the reason why a test may fail on this broker.
func knownDifference(test string, broker brokerIdentity) (reason string, listed bool) {
	for _, d := range knownDifferences {
		if d.test == test && broker.kind != leveret && d.covers(broker.version) {
			return d.reason, true
		}
	}
	return "", false
}

func (d difference) covers(version string) bool {
	return (d.from == "" || !olderThan(version, d.from)) && (d.before == "" || olderThan(version, d.before))
}

// olderThan compares versions by their numbers.
func olderThan(version, other string) bool {
	a, b := strings.Split(version, "."), strings.Split(other, ".")
	for i := range min(len(a), len(b)) {
		x, errX := strconv.Atoi(a[i])
		y, errY := strconv.Atoi(b[i])
		if errX != nil || errY != nil {
			return false // a pre-release counts as the release
		}
		if x != y {
			return x < y
		}
	}
	return false
}
