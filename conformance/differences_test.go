package conformance

// difference excuses one test on some versions of RabbitMQ, never on Leveret. The
// test is run all the same, and must fail.
type difference struct {
	test    string     // the test's whole name, subtest included
	brokers brokerKind // rabbit3, rabbit4 or both
	reason  string     // with the section of the behaviour reference
}

// knownDifferences is the whole list; the run prints what applied.
var knownDifferences = [...]difference{
	{
		"TestConnection_AMQPLAINLogsIn/as_octets", rabbit3,
		"1.3: type x of LOGIN and PASSWORD is understood since 4.x",
	},
}

// knownDifference finds the reason why a test may fail on this kind of broker.
func knownDifference(test string, kind brokerKind) (reason string, listed bool) {
	for _, d := range knownDifferences {
		if d.test == test && kind != leveret && d.brokers&kind != 0 {
			return d.reason, true
		}
	}
	return "", false
}
