package conformance

import (
	"strconv"
	"strings"
	"testing"

	"github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
)

// Direct reply-to: the pseudo queue amq.rabbitmq.reply-to.

const replyQueue = "amq.rabbitmq.reply-to"

// replyConsumer is the consumer of direct replies.
func replyConsumer(t *testing.T, ch *amqp091.Channel) <-chan amqp091.Delivery {
	t.Helper()
	return basicConsumer{tag: "replies", noAck: true}.startOn(t, ch, replyQueue)
}

// replyAsk sends a request on the channel and returns the address that the
// responder sees.
func replyAsk(t *testing.T, ch *amqp091.Channel) (address string) {
	t.Helper()
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "request", replyWanted)
	return basicGetOne(t, ch, queue).ReplyTo
}

func replyWanted(p *amqp091.Publishing) { p.ReplyTo = replyQueue }

// replyGone is the address of a channel that is closed.
func replyGone(t *testing.T, c *amqp091.Connection) (address string) {
	t.Helper()
	ch := channelOn(t, c)
	replyConsumer(t, ch)
	address = replyAsk(t, ch)
	require.NoError(t, ch.Close())
	return address
}

// replyDeclared is a declare as an action of requireChannelError.
func replyDeclared(ch *amqp091.Channel, name string) func() error {
	return func() error {
		_, err := ch.QueueDeclare(name, false, false, false, false, nil)
		return err
	}
}

func TestReplyTo_TheResponderReachesTheRequester(t *testing.T) {
	rule(t, "basic")
	requester, responder := openChannel(t), openChannel(t)
	replies := replyConsumer(t, requester)
	queue := tempQueue(t, responder)
	requests := basicConsumer{noAck: true}.startOn(t, responder, queue)
	for _, body := range []string{"first", "second"} {
		publish(t, requester, "", queue, body, replyWanted, func(p *amqp091.Publishing) {
			p.CorrelationId, p.ContentType, p.AppId = body, "text/plain", "suite"
			p.Headers = amqp091.Table{"n": int32(1)}
		})
		request := receive(t, requests)
		require.True(t, strings.HasPrefix(request.ReplyTo, replyQueue+"."), request.ReplyTo)
		require.Equal(t, "suite", request.AppId)
		require.Equal(t, "text/plain", request.ContentType)
		require.Equal(t, amqp091.Table{"n": int32(1)}, request.Headers)
		publish(t, responder, "", request.ReplyTo, "re: "+body, func(p *amqp091.Publishing) {
			p.CorrelationId = request.CorrelationId
		})
		reply := receive(t, replies)
		require.Equal(t, "re: "+body, string(reply.Body))
		require.Equal(t, body, reply.CorrelationId)
		require.Equal(t, "replies", reply.ConsumerTag)
		require.Equal(t, request.ReplyTo, reply.RoutingKey)
		require.Empty(t, reply.Exchange)
		require.False(t, reply.Redelivered)
	}
}

func TestReplyTo_AddressHasTwoPartsAndStays(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replyConsumer(t, ch)
	first := replyAsk(t, ch)
	require.Len(t, strings.Split(strings.TrimPrefix(first, replyQueue+"."), "."), 2)
	require.Equal(t, first, replyAsk(t, ch))
	other := openChannel(t)
	replyConsumer(t, other)
	require.NotEqual(t, first, replyAsk(t, other))
}

func TestReplyTo_AChannelCanAnswerItself(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replies := replyConsumer(t, ch)
	address := replyAsk(t, ch)
	publish(t, ch, "", address, "self", replyWanted)
	reply := receive(t, replies)
	require.Equal(t, "self", string(reply.Body))
	require.Equal(t, address, reply.ReplyTo)
}

func TestReplyTo_LargeRepliesArriveWhole(t *testing.T) {
	rule(t, "basic")
	ch, responder := openChannel(t), openChannel(t)
	replies := replyConsumer(t, ch)
	address := replyAsk(t, ch)
	body := strings.Repeat("0123456789", 100_000)
	for range 10 {
		publish(t, responder, "", address, body)
	}
	for range 10 {
		require.Equal(t, body, string(receive(t, replies).Body))
	}
}

func TestReplyTo_ConsumerIsRefused(t *testing.T) {
	rule(t, "basic")
	t.Run("with acknowledgements", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch, basicConsumer{}.refused(ch, replyQueue), 406,
			"PRECONDITION_FAILED - reply consumer cannot acknowledge")
	})
	t.Run("twice", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		replyConsumer(t, ch)
		requireChannelError(t, ch, basicConsumer{noAck: true}.refused(ch, replyQueue), 406,
			"PRECONDITION_FAILED - reply consumer already set")
	})
	t.Run("twice, with acknowledgements", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		replyConsumer(t, ch)
		requireChannelError(t, ch, basicConsumer{}.refused(ch, replyQueue), 406,
			"PRECONDITION_FAILED - reply consumer cannot acknowledge")
	})
	t.Run("with a tag in use", func(t *testing.T) {
		rule(t, "basic")
		c := dial(t)
		ch := channelOn(t, c)
		basicConsumer{tag: "taken"}.startOn(t, ch, tempQueue(t, ch))
		requireConnectionError(t, c, basicConsumer{tag: "taken", noAck: true}.refused(ch, replyQueue), 530,
			"NOT_ALLOWED - attempt to reuse consumer tag 'taken'")
	})
}

func TestReplyTo_ConsumerGetsATag(t *testing.T) {
	rule(t, "basic")
	c := rawOpen(t)
	c.sendMethod(1, 20, 10, shortStr(""))
	c.expectMethod(20, 11)
	const noAck = 2
	c.sendMethod(1, 60, 20, u16(0), shortStr(replyQueue), shortStr(""), u8(noAck), fieldTable())
	ok := c.expectMethod(60, 21)
	require.True(t, strings.HasPrefix(ok.shortStr(), "amq.ctag-"))
}

func TestReplyTo_ConsumerByTheLastDeclaredQueue(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	require.NoError(t, replyDeclared(ch, replyQueue)())
	replies := basicConsumer{noAck: true}.startOn(t, ch, "")
	publish(t, ch, "", replyAsk(t, ch), "m")
	require.Equal(t, "m", string(receive(t, replies).Body))
}

func TestReplyTo_RequestWithoutAConsumer(t *testing.T) {
	rule(t, "basic")
	const text = "PRECONDITION_FAILED - fast reply consumer does not exist"
	wanted := amqp091.Publishing{ReplyTo: replyQueue}
	t.Run("never", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch, basicPublishing(ch, "", tempQueue(t, ch), wanted), 406, text)
	})
	t.Run("not any more", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		replyConsumer(t, ch)
		replyAsk(t, ch)
		require.NoError(t, ch.Cancel("replies", false))
		requireChannelError(t, ch, basicPublishing(ch, "", "nowhere", wanted), 406, text)
	})
	t.Run("on this channel", func(t *testing.T) {
		rule(t, "basic")
		c := dial(t)
		replyConsumer(t, channelOn(t, c))
		ch := channelOn(t, c)
		requireChannelError(t, ch, basicPublishing(ch, "amq.fanout", "", wanted), 406, text)
	})
	t.Run("comes before the expiration", func(t *testing.T) {
		rule(t, "basic")
		ch := openChannel(t)
		requireChannelError(t, ch,
			basicPublishing(ch, "", "k", amqp091.Publishing{ReplyTo: replyQueue, Expiration: "soon"}), 406, text)
	})
	t.Run("comes after the exchange", func(t *testing.T) {
		rule(t, "basic")
		ch, exchange := openChannel(t), uniqueName(t, "x")
		requireChannelError(t, ch, basicPublishing(ch, exchange, "k", wanted), 404,
			"NOT_FOUND - no exchange '"+exchange+"' in vhost '/'")
	})
}

func TestReplyTo_OtherAddressesStayAsTheyAre(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replyConsumer(t, ch)
	queue := tempQueue(t, ch)
	for _, address := range []string{"my-queue", replyQueue + ".x", replyQueue + "x"} {
		publish(t, ch, "", queue, "m", func(p *amqp091.Publishing) { p.ReplyTo = address })
		require.Equal(t, address, basicGetOne(t, ch, queue).ReplyTo)
	}
}

func TestReplyTo_ANewConsumerHasANewAddress(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replyConsumer(t, ch)
	old := replyAsk(t, ch)
	require.NoError(t, ch.Cancel("replies", false))
	replies := replyConsumer(t, ch)
	address := replyAsk(t, ch)
	require.NotEqual(t, old, address)
	publish(t, ch, "", old, "old")
	publish(t, ch, "", address, "new")
	require.Equal(t, "new", string(receive(t, replies).Body))
	requireNoDelivery(t, replies)
}

func TestReplyTo_LostWhenTheRequesterIsGone(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	address := replyGone(t, c)
	ch := channelOn(t, c)
	publish(t, ch, "", address, "m")
	basicRoundTrip(t, ch)
}

func TestReplyTo_MandatoryComesBackWhenTheRequesterIsGone(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	ch := channelOn(t, c)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	for _, address := range []string{replyGone(t, c), replyQueue, replyQueue + ".garbled"} {
		basicMandatory(t, ch, "", address, amqp091.Publishing{Body: []byte("m")})
		returned := basicReceiveReturn(t, returns)
		require.EqualValues(t, 312, returned.ReplyCode)
		require.Equal(t, address, returned.RoutingKey)
	}
}

func TestReplyTo_MandatoryIsContentWithTheRequester(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replies := replyConsumer(t, ch)
	returns := ch.NotifyReturn(make(chan amqp091.Return, 1))
	basicMandatory(t, ch, "", replyAsk(t, ch), amqp091.Publishing{Body: []byte("m")})
	require.Equal(t, "m", string(receive(t, replies).Body))
	basicRoundTrip(t, ch)
	require.Empty(t, returns)
}

func TestReplyTo_OnlyTheDefaultExchangeKnowsAddresses(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replies := replyConsumer(t, ch)
	publish(t, ch, "amq.direct", replyAsk(t, ch), "m")
	requireNoDelivery(t, replies)
}

func TestReplyTo_CopiesReachTheRequesterOnce(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replies := replyConsumer(t, ch)
	address, queue := replyAsk(t, ch), tempQueue(t, ch)
	publish(t, ch, "", queue, "to both", basicWithHeaders(amqp091.Table{"CC": []any{address, address}}))
	reply := receive(t, replies)
	require.Equal(t, "to both", string(reply.Body))
	require.Equal(t, queue, reply.RoutingKey)
	require.Equal(t, "to both", string(basicGetOne(t, ch, queue).Body))
	publish(t, ch, "", address, "to both", basicWithHeaders(amqp091.Table{"CC": []any{address}, "BCC": []any{queue}}))
	require.Equal(t, "to both", string(receive(t, replies).Body))
	require.Equal(t, "to both", string(basicGetOne(t, ch, queue).Body))
	requireNoDelivery(t, replies)
}

func TestReplyTo_ConfirmedAtOnce(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	requester, ch := channelOn(t, c), channelOn(t, c)
	replies := replyConsumer(t, requester)
	require.NoError(t, ch.Confirm(false))
	confirms := ch.NotifyPublish(make(chan amqp091.Confirmation, 2))
	for i, address := range []string{replyAsk(t, requester), replyGone(t, c)} {
		publish(t, ch, "", address, "m", func(p *amqp091.Publishing) { p.DeliveryMode = amqp091.Persistent })
		confirm := <-confirms
		require.True(t, confirm.Ack)
		require.EqualValues(t, i+1, confirm.DeliveryTag)
	}
	require.Equal(t, "m", string(receive(t, replies).Body))
}

func TestReplyTo_RequestsAndRepliesOfTransactions(t *testing.T) {
	rule(t, "basic")
	ch, responder := openChannel(t), openChannel(t)
	replies := replyConsumer(t, ch)
	require.NoError(t, ch.Tx())
	queue := tempQueue(t, ch)
	publish(t, ch, "", queue, "request", replyWanted)
	require.NoError(t, ch.TxCommit())
	address := basicGetOne(t, ch, queue).ReplyTo
	require.NoError(t, responder.Tx())
	publish(t, responder, "", address, "reply")
	require.NoError(t, responder.TxCommit())
	require.Equal(t, "reply", string(receive(t, replies).Body))
}

func TestReplyTo_ARollbackTakesTheReplyBack(t *testing.T) {
	rule(t, "basic")
	ch, responder := openChannel(t), openChannel(t)
	replies := replyConsumer(t, ch)
	require.NoError(t, responder.Tx())
	publish(t, responder, "", replyAsk(t, ch), "reply")
	require.NoError(t, responder.TxRollback())
	requireNoDelivery(t, replies)
}

func TestReplyTo_RepliesAreNotAcknowledged(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replies := replyConsumer(t, ch)
	publish(t, ch, "", replyAsk(t, ch), "m")
	tag := receive(t, replies).DeliveryTag
	requireChannelError(t, ch, func() error { return ch.Ack(tag, basicSingle) }, 406,
		"PRECONDITION_FAILED - unknown delivery tag "+strconv.FormatUint(tag, 10))
}

func TestReplyTo_TheExpirationDoesNotMatter(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	replies := replyConsumer(t, ch)
	publish(t, ch, "", replyAsk(t, ch), "m", func(p *amqp091.Publishing) { p.Expiration = "0" })
	require.Equal(t, "m", string(receive(t, replies).Body))
}

func TestReplyTo_DeclareTellsWhoIsThere(t *testing.T) {
	rule(t, "basic")
	ch := openChannel(t)
	found := func(name string) {
		t.Helper()
		asked := amqp091.Queue{Name: name, Consumers: 1}
		q, err := ch.QueueDeclare(name, true, true, true, false, amqp091.Table{"x-max-length": "not looked at"})
		require.NoError(t, err)
		require.Equal(t, asked, q)
		q, err = ch.QueueDeclarePassive(name, false, false, false, false, nil)
		require.NoError(t, err)
		require.Equal(t, asked, q)
	}
	found(replyQueue)           // whether anybody consumes or not
	requester := openChannel(t) // RabbitMQ does not let a channel ask for itself
	replyConsumer(t, requester)
	found(replyAsk(t, requester))
}

func TestReplyTo_DeclareOfNobodysAddress(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	for _, name := range []string{replyGone(t, c), replyQueue + ".garbled", replyQueue + ".", replyQueue + "x"} {
		text := "NOT_FOUND - no queue '" + name + "' in vhost '/'"
		ch := channelOn(t, c)
		requireChannelError(t, ch, replyDeclared(ch, name), 404, text)
		requireNoQueue(t, c, name)
	}
}

func TestReplyTo_NoOtherMethodKnowsTheQueue(t *testing.T) {
	rule(t, "basic")
	c := dial(t)
	requester := channelOn(t, c)
	replyConsumer(t, requester)
	for _, name := range []string{replyQueue, replyAsk(t, requester)} {
		missing := "NOT_FOUND - no queue '" + name + "' in vhost '/'"
		ch := channelOn(t, c)
		requireChannelError(t, ch, func() error { _, _, err := ch.Get(name, true); return err }, 404, missing)
		bound := channelOn(t, c)
		requireChannelError(t, bound, func() error { return bound.QueueBind(name, "k", "amq.direct", false, nil) }, 404, missing)
		purged := channelOn(t, c)
		requireChannelError(t, purged, func() error { _, err := purged.QueuePurge(name, false); return err }, 404, missing)
		other := channelOn(t, c)
		n, err := other.QueueDelete(name, false, false, false) // as of any missing queue
		require.NoError(t, err)
		require.Zero(t, n)
		require.NoError(t, other.QueueUnbind(name, "k", "amq.direct", nil))
	}
	ch, address := channelOn(t, c), replyAsk(t, requester)
	requireChannelError(t, ch, basicConsumer{noAck: true}.refused(ch, address), 404,
		"NOT_FOUND - no queue '"+address+"' in vhost '/'")
}
