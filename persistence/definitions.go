package persistence

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/binding"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/exchange"
	"github.com/leveretmq/leveret/queue"
)

// A definition is stored in parts small enough to be inline, so that a deleted
// one cannot come back: the number of the part (2 octets) ends its key, and the
// first part begins with the number of parts. Its payload starts with the
// version of its encoding.
const definitionVersion = 1

// The flags of stored definitions.
const (
	definedDurable = 1 << iota
	definedAutoDelete
	definedInternal
	definedExclusive
	definedPaused
	definedBy // the name of a user is part of the record
)

// change is a definitions.Change made ready for the committer.
type change struct {
	put     []definition
	delete  []definition
	declare []streams // of queues that are defined from now on
	drop    []uint32  // numbers of queues whose definitions go
}

type definition struct {
	key     string // without the number of the part
	payload []byte
}

func newChange(c definitions.Change) *change {
	p := &change{}
	for _, e := range c.Delete.Exchanges {
		p.delete = append(p.delete, definition{key: exchangeKey(e)})
	}
	for _, q := range c.Delete.Queues {
		p.delete = append(p.delete, definition{key: queueKey(q)})
		p.drop = append(p.drop, q.ID)
	}
	for _, b := range c.Delete.Bindings {
		p.delete = append(p.delete, definition{key: bindingKey(b)})
	}
	p.delete = appendIdentities(p.delete, c.Delete)
	for _, e := range c.Put.Exchanges {
		p.put = append(p.put, definition{key: exchangeKey(e), payload: encodeExchange(e)})
	}
	for _, q := range c.Put.Queues {
		p.put = append(p.put, definition{key: queueKey(q), payload: encodeQueue(q)})
		p.declare = append(p.declare, streamsOf(q))
	}
	for _, b := range c.Put.Bindings {
		p.put = append(p.put, definition{key: bindingKey(b), payload: encodeBinding(b)})
	}
	p.put = appendIdentities(p.put, c.Put)
	return p
}

// Names carry their length, so that no key is the prefix of another.
func exchangeKey(e exchange.Spec) string {
	key := appendText([]byte{prefixMeta, metaExchange}, e.VHost)
	return string(appendText(key, e.Name))
}

func queueKey(q queue.Spec) string {
	key := appendText([]byte{prefixMeta, metaQueue}, q.VHost)
	return string(appendText(key, q.Name))
}

// The identity of a binding is as long as its arguments; its hash fits a key.
func bindingKey(b binding.Spec) string {
	sum := sha256.Sum256([]byte(b.Identity()))
	return string(append([]byte{prefixMeta, metaBinding}, sum[:]...))
}

func flag(set bool, f byte) byte {
	if set {
		return f
	}
	return 0
}

func encodeExchange(e exchange.Spec) []byte {
	b := []byte{definitionVersion, flag(e.Durable, definedDurable) |
		flag(e.AutoDelete, definedAutoDelete) | flag(e.Internal, definedInternal) | flag(e.By != "", definedBy)}
	b = appendText(b, e.VHost)
	b = appendText(b, e.Name)
	b = appendText(b, e.Type)
	if e.By != "" {
		b = appendText(b, e.By)
	}
	return amqp.AppendTable(b, e.Arguments)
}

func encodeQueue(q queue.Spec) []byte {
	b := []byte{definitionVersion, flag(q.Durable, definedDurable) |
		flag(q.AutoDelete, definedAutoDelete) | flag(q.Exclusive, definedExclusive) | flag(q.Paused, definedPaused)}
	b = appendText(b, q.VHost)
	b = appendText(b, q.Name)
	b = binary.AppendUvarint(b, uint64(q.ID))
	return amqp.AppendTable(b, q.Arguments)
}

func encodeBinding(s binding.Spec) []byte {
	b := []byte{definitionVersion, byte(s.Kind)}
	b = appendText(b, s.VHost)
	b = appendText(b, s.Source)
	b = appendText(b, s.Destination)
	b = appendText(b, s.RoutingKey)
	return amqp.AppendTable(b, s.Arguments)
}

// definitionCursor reads one stored definition.
type definitionCursor struct{ cursor }

func (c *definitionCursor) begin() byte {
	if v := c.octet(); v != definitionVersion {
		c.fail("version %d of a definition", v)
	}
	return c.octet()
}

// table reads a field table, which comes last.
func (c *definitionCursor) table() amqp.Table {
	rest := c.data[c.off:]
	if c.err != nil || len(rest) < 4 || binary.BigEndian.Uint32(rest) != uint32(len(rest)-4) {
		c.fail("no arguments")
		return nil
	}
	t, err := amqp.DecodeTable(rest[4:])
	if err != nil {
		c.fail("arguments: %v", err)
	}
	return t
}

func decodeExchange(payload []byte) (exchange.Spec, error) {
	c := definitionCursor{cursor{data: payload}}
	flags := c.begin()
	e := exchange.Spec{
		Durable: flags&definedDurable != 0, AutoDelete: flags&definedAutoDelete != 0,
		Internal: flags&definedInternal != 0,
		VHost:    c.text(), Name: c.text(), Type: c.text(),
	}
	if flags&definedBy != 0 {
		e.By = c.text()
	}
	e.Arguments = c.table()
	return e, c.err
}

func decodeQueue(payload []byte) (queue.Spec, error) {
	c := definitionCursor{cursor{data: payload}}
	flags := c.begin()
	q := queue.Spec{
		Durable: flags&definedDurable != 0, AutoDelete: flags&definedAutoDelete != 0,
		Exclusive: flags&definedExclusive != 0, Paused: flags&definedPaused != 0,
		VHost: c.text(), Name: c.text(), ID: c.uvarint32(), Arguments: c.table(),
	}
	return q, c.err
}

func decodeBinding(payload []byte) (binding.Spec, error) {
	c := definitionCursor{cursor{data: payload}}
	b := binding.Spec{
		Kind:  binding.DestinationKind(c.begin()),
		VHost: c.text(), Source: c.text(), Destination: c.text(), RoutingKey: c.text(), Arguments: c.table(),
	}
	return b, c.err
}

// definitionParts remembers the definitions of several parts, so that all of
// them go when the definition does.
type definitionParts map[string]int

func (p definitionParts) put(w *writeSet, d definition) {
	parts := partsOf(d.payload)
	rest := d.payload
	for i := range parts {
		piece := rest[:min(len(rest), definitionPartOctets)]
		rest = rest[len(piece):]
		if i == 0 {
			piece = append(binary.AppendUvarint(nil, uint64(parts)), piece...)
		}
		key := definitionPartKey(d.key, i)
		w.put(key, seal(key, piece), 0)
	}
	p.trim(w, d.key, parts)
}

func (p definitionParts) delete(w *writeSet, d definition) {
	w.delete(definitionPartKey(d.key, 0))
	p.trim(w, d.key, 1)
}

// trim deletes the parts from the given one on, as far as there are any.
func (p definitionParts) trim(w *writeSet, key string, parts int) {
	for i := parts; i < p[key]; i++ {
		w.delete(definitionPartKey(key, i))
	}
	p.note(key, parts)
}

// note remembers how many parts a definition has.
func (p definitionParts) note(key string, parts int) {
	if parts > 1 {
		p[key] = parts
	} else {
		delete(p, key)
	}
}

// partsOf is the number of parts that a definition is stored in.
func partsOf(payload []byte) int {
	return max(1, (len(payload)+definitionPartOctets-1)/definitionPartOctets)
}

func definitionPartKey(key string, part int) []byte {
	return binary.BigEndian.AppendUint16([]byte(key), uint16(part))
}

// Definitions returns everything that is defined. A definition that cannot be
// read is an error: to go on without it would lose its messages.
func (s *Store) Definitions() (definitions.Set, error) {
	var set definitions.Set
	err := s.eachDefinition(func(key string, payload []byte) error {
		var err error
		switch key[1] {
		case metaExchange:
			var e exchange.Spec
			e, err = decodeExchange(payload)
			set.Exchanges = append(set.Exchanges, e)
		case metaQueue:
			var q queue.Spec
			q, err = decodeQueue(payload)
			set.Queues = append(set.Queues, q)
		case metaBinding:
			var b binding.Spec
			b, err = decodeBinding(payload)
			set.Bindings = append(set.Bindings, b)
		default:
			err = addIdentity(&set, key[1], payload)
		}
		return err
	})
	if err != nil {
		return definitions.Set{}, fmt.Errorf("persistence: reading the definitions: %w", err)
	}
	return set, nil
}

// eachDefinition puts the parts of each definition together and passes it on.
func (s *Store) eachDefinition(yield func(key string, payload []byte) error) error {
	for _, kind := range []byte{
		metaExchange, metaQueue, metaBinding, metaUser, metaVHost, metaPermission, metaTopic, metaParameter,
	} {
		var whole []byte
		var left uint64
		err := s.scan([]byte{prefixMeta, kind}, func(item *badger.Item) error {
			key := item.KeyCopy(nil)
			part, err := itemPayload(item)
			if err != nil {
				return err
			}
			if binary.BigEndian.Uint16(key[len(key)-2:]) == 0 {
				c := cursor{data: part}
				left, whole = c.uvarint(), nil
				part = part[c.off:]
			}
			whole = append(whole, part...)
			left--
			if left != 0 {
				return nil
			}
			return yield(string(key[:len(key)-2]), whole)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Change hands a change of the definitions to the committer. Like Submit, it is
// memory only and never blocks; units and changes take effect in the order of
// their submission. Done is called once, when the change is durable or failed,
// on the committer's goroutine. A deleted queue, named by its specification
// with its ID, loses its messages in the same commit, also those that wait for
// theirs: these are confirmed as accepted (RabbitMQ behaviour). Names and
// arguments have to be such as fit the wire.
func (s *Store) Change(c definitions.Change, done func(error)) {
	s.submit(submission{change: newChange(c), done: done}, queue.Unit{})
}
