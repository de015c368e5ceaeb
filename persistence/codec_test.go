package persistence

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/message"
)

func TestEnvelope(t *testing.T) {
	key := []byte("key")
	good := seal(key, []byte("payload"))
	payload, err := unseal(key, good)
	require.NoError(t, err)
	require.Equal(t, "payload", string(payload))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			_, err := unseal(key, bad)
			require.ErrorIs(t, err, errDamaged, "octet %d bit %d", i, bit)
		}
		_, err := unseal(key, good[:i])
		require.ErrorIs(t, err, errDamaged, "%d octets", i)
	}
	_, err = unseal([]byte("kez"), good)
	require.ErrorIs(t, err, errDamaged)
}

func TestBitmapRoundTrip(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for size := uint32(1); size < 300; size++ {
		m := newBitmap(size)
		for i := range random.Uint32N(size + 1) {
			if random.IntN(5) > 0 {
				m.set(i)
			}
		}
		encoded := m.appendTo(nil)
		got, err := decodeBitmap(encoded, size)
		require.NoError(t, err)
		require.Equal(t, m, got)
		_, err = decodeBitmap([]byte{200, 1}, size)
		require.ErrorIs(t, err, errDamaged)
	}
	// What was consumed in order costs next to nothing.
	m := newBitmap(blockRecords)
	for i := range uint32(blockRecords / 2) {
		m.set(i)
	}
	require.Less(t, len(m.appendTo(nil)), 4)
}

func TestLiveSetAgreesWithModel(t *testing.T) {
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 3))
		q := &queueIndex{}
		var all []run
		for first := uint64(1); len(all) < 100; {
			b := &block{first: first, mixed: random.IntN(4) == 0}
			all = append(all, run{block: b, first: first, count: 1 + random.Uint32N(5)})
			q.add(all[len(all)-1])
			first = all[len(all)-1].last() + 1 + random.Uint64N(3)
		}
		alive := map[uint64]bool{}
		for _, r := range all {
			alive[r.first] = true
		}
		for len(alive) > 0 {
			i := random.IntN(len(q.runs))
			if random.IntN(2) == 0 {
				i = 0
			}
			delete(alive, q.runs[i].first)
			q.remove(i)
			encoded := q.live.appendTo(nil)
			got, err := decodeLiveSet(encoded)
			require.NoError(t, err)
			require.Equal(t, encoded, got.appendTo(nil))
			for _, r := range all {
				if !r.block.mixed {
					require.Equal(t, !alive[r.first], got.covers(r.first), "seed %d block %d", seed, r.first)
				}
			}
		}
	}
}

// The spans of a live set are bounded; the oldest go, and what is above the
// last one stays.
func TestLiveSetForgetsTheOldestSpans(t *testing.T) {
	q := &queueIndex{}
	for i := range uint64(3 * deadRanges) {
		q.add(run{block: &block{first: i}, first: i, count: 1})
	}
	for i := 1; i < len(q.runs)-1; i++ {
		q.remove(i)
	}
	require.Len(t, q.live.dead, deadRanges)
	require.True(t, q.live.covers(3*deadRanges-3))
	require.False(t, q.live.covers(1))
	require.Less(t, len(q.live.appendTo(nil)), inlineOctets)
}

func TestRunPositions(t *testing.T) {
	items := []item{{seq: 10}, {seq: 11}, {seq: 14}}
	r := newRun(&block{count: 9}, 5, items)
	for seq, want := range map[uint64]int{9: -1, 10: 5, 11: 6, 12: -1, 14: 7, 15: -1, math.MaxUint64: -1} {
		position, found := r.position(seq)
		require.Equal(t, want >= 0, found, "%d", seq)
		if found {
			require.EqualValues(t, want, position)
		}
	}
}

// encodeOwn is the payload of an own block and the block that its key tells.
func encodeOwn(items []item) (*block, []byte) {
	var e encoder
	e.appendOwn(items)
	return &block{queue: 1, first: items[0].seq, count: uint32(len(items))}, e.buf
}

func someItems() []item {
	shared := text("shared")
	second := text("second")
	second.Exchange, second.Properties = "", nil
	third := text("")
	third.Persistent, third.Body = false, nil
	shared.Arrived, second.Arrived, third.Arrived = 1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_005
	return []item{
		{seq: 3, message: shared}, {seq: 4, message: second}, {seq: 900, message: third},
		{seq: math.MaxUint64, message: text("far"), body: &body{number: 7}},
	}
}

func TestBlockRoundTrip(t *testing.T) {
	items := someItems()
	b, payload := encodeOwn(items)
	records, _, err := decodeBlock(b, payload)
	require.NoError(t, err)
	require.Len(t, records, len(items))
	for i, r := range records {
		require.Equal(t, items[i].seq, r.seq)
		want := *items[i].message
		if items[i].body != nil {
			require.Equal(t, items[i].body.number, r.number)
			require.EqualValues(t, len(want.Body), r.length)
			want.Body = nil
		}
		require.Equal(t, &want, r.message)
	}
}

func TestMixedBlockRoundTrip(t *testing.T) {
	items := someItems()
	e := encoder{seen: map[*message.Message]uint32{}}
	e.appendMixed([]group{
		{queue: 5, items: items}, {queue: 1, items: items[1:3]}, {queue: 9, items: items[3:]},
	})
	records, sections, err := decodeBlock(&block{mixed: true, count: 7}, e.buf)
	require.NoError(t, err)
	require.Equal(t, []section{{5, 0, 4}, {1, 4, 6}, {9, 6, 7}}, sections)
	require.Same(t, records[1].message, records[4].message)
	require.EqualValues(t, 7, records[6].number)
	require.Len(t, e.refs, 2)
	require.EqualValues(t, 6, e.refs[1].position)
}

func FuzzDecodeBlock(f *testing.F) {
	b, payload := encodeOwn(someItems())
	f.Add(payload, b.count, false)
	e := encoder{seen: map[*message.Message]uint32{}}
	e.appendMixed([]group{{queue: 5, items: someItems()}, {queue: 1, items: someItems()}})
	f.Add(e.buf, uint32(8), true)
	f.Fuzz(func(t *testing.T, payload []byte, count uint32, mixed bool) {
		b := &block{queue: 1, first: 3, count: count, mixed: mixed}
		records, sections, err := decodeBlock(b, payload)
		if err != nil {
			require.ErrorIs(t, err, errDamaged)
			return
		}
		require.Len(t, records, int(count))
		again := encoder{seen: map[*message.Message]uint32{}}
		var groups []group
		for _, sec := range sections {
			g := group{queue: sec.queue}
			for _, r := range records[sec.from:sec.to] {
				it := item{seq: r.seq, message: r.message}
				if r.number != 0 {
					it.body = &body{number: r.number}
				}
				g.items = append(g.items, it)
			}
			if len(g.items) > 0 {
				groups = append(groups, g)
			}
		}
		// What decodes can be encoded, and means the same then. Lengths of
		// bodies elsewhere are not kept by this detour.
		again.appendMixed(groups)
		repeated, _, err := decodeBlock(&block{mixed: true, count: count}, again.buf)
		require.NoError(t, err)
		for i := range records {
			require.Equal(t, records[i].seq, repeated[i].seq)
			require.Equal(t, records[i].number, repeated[i].number)
			require.Equal(t, records[i].message, repeated[i].message)
		}
	})
}

func FuzzDecodeSmallRecords(f *testing.F) {
	f.Add([]byte{1, 0, 5, 1, 1})
	f.Add([]byte{1, 3, 7})
	f.Fuzz(func(t *testing.T, payload []byte) {
		if l, err := decodeLiveSet(payload); err == nil {
			again, err := decodeLiveSet(l.appendTo(nil))
			require.NoError(t, err)
			require.Equal(t, l, again)
		}
		if m, err := decodeBitmap(payload, 200); err == nil {
			again, err := decodeBitmap(m.appendTo(nil), 200)
			require.NoError(t, err)
			require.Equal(t, m, again)
		}
		_ = decodeStopPart(payload, stopRecordVersion, map[uint32][]seenSpan{})
		_, _ = decodeQueue(payload)
		_, _ = decodeExchange(payload)
		_, _ = decodeBinding(payload)
		_, _ = decodeWrites(nil, payload)
		_, _ = parseBlockKey(payload)
	})
}
