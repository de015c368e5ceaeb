package management

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"math/big"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/broker"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/message"
	"github.com/leveretmq/leveret/queue"
)

// The encodings of payloads.
const (
	encodingString = "string"
	encodingBase64 = "base64"
	encodingAuto   = "auto"
)

// publish publishes one message in the name of the caller.
func (a *API) publish(r *request) (reply, error) {
	who, err := a.acting(r)
	if err != nil {
		return reply{}, err
	}
	to := exchangeName(r.param("exchange"))
	if _, ok := a.broker.Exchange(r.vhost(), to); !ok {
		return reply{}, missing("exchange")
	}
	m, err := r.message(to)
	if err != nil {
		return reply{}, err
	}
	if err := a.connected(r); err != nil {
		return reply{}, err
	}
	r.note("routing_key", m.RoutingKey)
	r.note("octets", len(m.Body))
	routed, err := a.publishOne(r.Context(), who, m)
	if err != nil {
		return reply{}, replied(err, withCode)
	}
	return value(struct {
		Routed bool `json:"routed"`
	}{routed}), nil
}

// message is the message in the body of a request.
func (r *request) message(to string) (*message.Message, error) {
	b, err := r.body()
	if err != nil {
		return nil, err
	}
	if err := b.require("routing_key", "properties", "payload", "payload_encoding"); err != nil {
		return nil, err
	}
	payload, err := b.payload()
	if err != nil {
		return nil, err
	}
	key, err := b.key()
	if err != nil {
		return nil, err
	}
	properties, err := b.properties()
	if err != nil {
		return nil, err
	}
	m := message.New(properties.Encode(), len(payload))
	m.Exchange, m.RoutingKey, m.Body = to, key, append(m.Body, payload...)
	m.Persistent, m.Arrived = properties.DeliveryMode == 2, time.Now().UnixMilli()
	return m, nil
}

// payload is the octets of a message.
func (b body) payload() ([]byte, error) {
	text, isText := b.value("payload").(string)
	if !isText {
		return nil, badRequest("payload_not_string")
	}
	switch b.value("payload_encoding") {
	case encodingString:
		return []byte(text), nil
	case encodingBase64:
		octets, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, badTerm("not_base64", amqp.Term(text))
		}
		return octets, nil
	default:
		return nil, badTerm("unsupported_encoding", termOf(b["payload_encoding"]))
	}
}

// properties reads the properties of a message; those that are not known are ignored.
func (b body) properties() (list amqp.PropertyList, err error) {
	given := body{}
	if empty, isList := b.value("properties").([]any); !isList || len(empty) > 0 {
		if json.Unmarshal(b["properties"], &given) != nil || given == nil {
			return list, badTerm("not_proplist", amqp.Term("properties"))
		}
	}
	for _, text := range []struct {
		key  string
		into *string
		flag uint16
	}{
		{"content_type", &list.ContentType, amqp.FlagContentType}, {"content_encoding", &list.ContentEncoding, amqp.FlagContentEncoding},
		{"correlation_id", &list.CorrelationID, amqp.FlagCorrelationID}, {"reply_to", &list.ReplyTo, amqp.FlagReplyTo},
		{"expiration", &list.Expiration, amqp.FlagExpiration}, {"message_id", &list.MessageID, amqp.FlagMessageID},
		{"type", &list.Type, amqp.FlagType}, {"user_id", &list.UserID, amqp.FlagUserID},
		{"app_id", &list.AppID, amqp.FlagAppID}, {"cluster_id", &list.ClusterID, amqp.FlagClusterID},
	} {
		if !given.has(text.key) {
			continue
		}
		if *text.into, err = given.text(text.key); err != nil {
			return list, badTerm("not_string", amqp.Term(text.key))
		}
		list.Present |= text.flag
		if err := short(text.key, *text.into); err != nil {
			return list, err
		}
	}
	return list, given.numericProperties(&list)
}

// numericProperties reads the properties that are no text.
func (b body) numericProperties(list *amqp.PropertyList) error {
	mode, err := b.whole("delivery_mode")
	if err != nil {
		return err
	}
	priority, err := b.whole("priority")
	if err != nil {
		return err
	}
	if list.Timestamp, err = b.whole("timestamp"); err != nil {
		return err
	}
	list.DeliveryMode, list.Priority = uint8(mode), uint8(priority) // what is too large loses its upper bits (RabbitMQ 4)
	for key, flag := range map[string]uint16{
		"delivery_mode": amqp.FlagDeliveryMode, "priority": amqp.FlagPriority,
		"timestamp": amqp.FlagTimestamp, "headers": amqp.FlagHeaders,
	} {
		if _, present := b[key]; present {
			list.Present |= flag
		}
	}
	list.Headers, err = b.table("headers")
	return err
}

// whole is a member that is an integer, of which the lower 64 bits are taken; zero
// without it.
func (b body) whole(key string) (uint64, error) {
	raw, ok := b[key]
	if !ok {
		return 0, nil
	}
	n, isInteger := new(big.Int).SetString(string(raw), 10)
	if !isInteger {
		return 0, badTerm("not_int", amqp.Term(key))
	}
	var low big.Int
	return low.And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64(), nil
}

// settled is a Settler for one publish.
type settled chan bool

// Settle tells who waits. It never blocks: there is room for the only answer.
func (s settled) Settle(_ uint64, accepted bool) { s <- accepted }

// publishOne publishes a message, and waits until its queues have it as safely as a
// confirm says. It tells whether there was a queue.
func (a *API) publishOne(ctx context.Context, who acting, m *message.Message) (routed bool, err error) {
	if low := a.broker.Alarms().State().Reason; low != "" {
		return false, &problem{status: http.StatusServiceUnavailable, kind: "service_unavailable", reason: "publishers are blocked: " + low}
	}
	a.broker.Throttle(queue.Trickle)
	var keys []string
	tracing := who.VHost.Tracing()
	if tracing {
		keys = broker.RoutingKeys(m)
	}
	publisher := who.NewPublisher()
	queues, err := publisher.Route(m)
	if err != nil {
		return false, err
	}
	if tracing {
		who.VHost.TracePublished(broker.Witness{User: string(who.owner)}, m, keys, queues)
	}
	requesters, entrance := publisher.Requesters(), publisher.Entrance()
	m.Share(len(queues) + len(requesters))
	for _, one := range requesters {
		one.Reply(m)
	}
	entrance.Published(1, len(queues), confirmed)
	if len(queues) == 0 {
		if len(requesters) == 0 {
			entrance.Unroutable(mandatory)
		}
		entrance.Confirmed(1)
		return len(requesters) > 0, nil
	}
	done := make(settled, 1)
	receipt := message.NewReceipt(done, 0, len(queues))
	for _, q := range queues {
		q.Publish([]queue.Publication{{Message: m, Receipt: receipt}})
	}
	if err := done.await(ctx); err != nil {
		return true, err
	}
	entrance.Confirmed(1)
	return true, nil
}

// What is published here is mandatory, and is to be confirmed: so count exchanges.
const (
	confirmed = true
	mandatory = true
)

// await waits for the confirm.
func (s settled) await(ctx context.Context) error {
	select {
	case accepted := <-s:
		if !accepted {
			return badRequest("rejected Unable to publish message. Check queue limits.")
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// withCode says that the text of an error begins with the code's number.
const (
	withCode    = true
	withoutCode = false
)

// gotView is a message that was fetched.
type gotView struct {
	PayloadBytes    int                   `json:"payload_bytes"`
	Redelivered     bool                  `json:"redelivered"`
	Exchange        string                `json:"exchange"`
	RoutingKey      string                `json:"routing_key"`
	MessageCount    int                   `json:"message_count"`
	Properties      definitions.Arguments `json:"properties"`
	Payload         string                `json:"payload"`
	PayloadEncoding string                `json:"payload_encoding"`
}

// fetching is what a request to get messages wants.
type fetching struct {
	count    int
	truncate int // octets of the payload; negative is all
	encoding string
	ackmode  string // as the client has it
	mode     queue.AckMode
	reject   bool
	requeue  bool
}

func (b body) fetching() (f fetching, err error) {
	if err := b.require("ackmode", "count", "encoding"); err != nil {
		return f, err
	}
	if f.count, err = b.integer("count", 0); err != nil {
		return f, err
	}
	if f.truncate, err = b.integer("truncate", -1); err != nil {
		return f, err
	}
	f.ackmode, _ = b.value("ackmode").(string)
	switch f.ackmode {
	case "ack_requeue_false":
		f.mode = queue.AutoAck
	case "ack_requeue_true":
		f.requeue = true
	case "reject_requeue_true":
		f.requeue, f.reject = true, true
	case "reject_requeue_false":
		f.reject = true
	default:
		return f, badRequest("unsupported ackmode. Please use ack_requeue_true, ack_requeue_false, reject_requeue_true or reject_requeue_false.")
	}
	f.encoding, _ = b.value("encoding").(string)
	if f.encoding != encodingAuto && f.encoding != encodingBase64 {
		return f, badRequest("Unsupported encoding. Please use auto or base64.")
	}
	return f, nil
}

// get fetches messages. What is not acknowledged goes back when all are there, so that
// none comes twice.
func (a *API) getMessages(r *request) (reply, error) {
	who, name, err := a.theQueue(r)
	if err != nil {
		return reply{}, missing("queue")
	}
	b, err := r.body()
	if err != nil {
		return reply{}, err
	}
	f, err := b.fetching()
	if err == nil {
		err = a.connected(r)
	}
	if err != nil {
		return reply{}, err
	}
	q, err := who.queueToGet(name)
	if err != nil {
		return reply{}, replied(err, withoutCode)
	}
	got := f.from(who, q)
	r.note("ackmode", f.ackmode)
	r.note("messages", len(got))
	return value(got), nil
}

// queueToGet is a queue that the caller may fetch from.
func (a acting) queueToGet(name string) (*queue.Queue, error) {
	if err := a.Queue(auth.Read, name); err != nil {
		return nil, err
	}
	q, err := a.VHost.Queue(name, a.owner)
	if err != nil {
		return nil, err
	}
	return q, q.CheckGet()
}

const (
	// maxGetOctets bounds one answer: what comes after that stays in the queue.
	maxGetOctets = 64 << 20
	// getOverhead is about what a message costs beside its payload, in octets.
	getOverhead = 1 << 10
)

// from fetches and shows messages, and settles them, whatever happens meanwhile.
func (f fetching) from(who acting, q *queue.Queue) []gotView {
	items := []gotView{}
	var back []queue.Delivery
	defer func() { f.settle(q, back) }()
	octets := 0
	for n := 0; n != f.count && octets < maxGetOctets; n++ {
		d, remaining, ok := q.Get(f.mode)
		if !ok {
			break
		}
		if f.mode == queue.ManualAck {
			back = append(back, d)
		}
		octets += len(d.Message.Body) + getOverhead
		if who.VHost.Tracing() {
			who.VHost.TraceDelivered(broker.Witness{User: string(who.owner)}, &d.Entry, q.Name())
		}
		items = append(items, f.view(&d, remaining))
	}
	return items
}

// settle gives back what was fetched, or rejects it.
func (f fetching) settle(q *queue.Queue, back []queue.Delivery) {
	switch {
	case len(back) == 0:
	case !f.requeue:
		q.Reject(back)
	case f.reject:
		q.Requeue(back, queue.Rejected)
	default:
		q.Requeue(back, queue.Nacked)
	}
}

func (f fetching) view(d *queue.Delivery, remaining int) gotView {
	payload, encoding := f.encode(d.Message.Body)
	return gotView{
		PayloadBytes: len(d.Message.Body), Redelivered: d.Redelivered(), Exchange: d.Message.Exchange,
		RoutingKey: d.Message.RoutingKey, MessageCount: remaining, Properties: propertiesView(d.Entry.Properties()),
		Payload: payload, PayloadEncoding: encoding,
	}
}

// encode is a payload as JSON can have it. What is cut is counted in octets, and what
// is no text then is base64.
func (f fetching) encode(payload []byte) (text, encoding string) {
	if f.truncate >= 0 && f.truncate < len(payload) {
		payload = payload[:f.truncate]
	}
	if f.encoding == encodingAuto && utf8.Valid(payload) {
		return string(payload), encodingString
	}
	return base64.StdEncoding.EncodeToString(payload), encodingBase64
}

// propertiesView is the properties that a message has, in RabbitMQ's order.
func propertiesView(p amqp.Properties) definitions.Arguments {
	l := p.List()
	var t amqp.Table
	flags := p.Flags()
	add := func(flag uint16, key string, v any) {
		if flags&flag != 0 {
			t = append(t, amqp.Field{Key: key, Value: v})
		}
	}
	add(amqp.FlagClusterID, "cluster_id", l.ClusterID)
	add(amqp.FlagAppID, "app_id", l.AppID)
	add(amqp.FlagUserID, "user_id", l.UserID)
	add(amqp.FlagType, "type", l.Type)
	add(amqp.FlagTimestamp, "timestamp", amqp.Timestamp(l.Timestamp))
	add(amqp.FlagMessageID, "message_id", l.MessageID)
	add(amqp.FlagExpiration, "expiration", l.Expiration)
	add(amqp.FlagReplyTo, "reply_to", l.ReplyTo)
	add(amqp.FlagCorrelationID, "correlation_id", l.CorrelationID)
	add(amqp.FlagPriority, "priority", l.Priority)
	add(amqp.FlagDeliveryMode, "delivery_mode", l.DeliveryMode)
	add(amqp.FlagHeaders, "headers", l.Headers)
	add(amqp.FlagContentEncoding, "content_encoding", l.ContentEncoding)
	add(amqp.FlagContentType, "content_type", l.ContentType)
	return definitions.Arguments(t)
}
