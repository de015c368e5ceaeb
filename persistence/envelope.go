package persistence

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Every value of ours is an envelope: magic, version, CRC32C of the rest, the
// length of the key, the key, the payload. Badger returns an empty value and no
// error when it cannot read one, or the octets of somewhere else: checksum and
// echo of the key tell.
const (
	envelopeMagic   = 0x4C
	envelopeVersion = 1
	envelopeHeader  = 1 + 1 + 4
	// envelopeOverhead is an upper bound of what an envelope adds to its key
	// and its payload.
	envelopeOverhead = envelopeHeader + binary.MaxVarintLen16
)

// marker is the value of a dead key. It is short enough to be inline, shadows
// all older versions, and is no tombstone: what Badger's garbage collection
// writes back never becomes visible behind it.
func marker() []byte { return []byte{0} }

// isMarker says whether a stored value of this size is a marker. Envelopes are
// longer; the size of a value that Badger cannot read is still that of the value.
func isMarker(valueSize int64) bool { return valueSize == 1 }

// castagnoli is read only.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// beginEnvelope appends the head of an envelope; the payload follows.
func beginEnvelope(dst, key []byte) []byte {
	dst = append(dst, envelopeMagic, envelopeVersion, 0, 0, 0, 0)
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	return append(dst, key...)
}

// endEnvelope completes an envelope that is whole but for its checksum.
func endEnvelope(envelope []byte) {
	sum := crc32.Checksum(envelope[envelopeHeader:], castagnoli)
	binary.BigEndian.PutUint32(envelope[2:], sum)
}

// seal is an envelope around a small payload.
func seal(key, payload []byte) []byte {
	e := make([]byte, 0, envelopeOverhead+len(key)+len(payload))
	e = append(beginEnvelope(e, key), payload...)
	endEnvelope(e)
	return e
}

// unseal checks an envelope and returns its payload, which aliases value.
func unseal(key, value []byte) ([]byte, error) {
	if len(value) < envelopeHeader {
		return nil, fmt.Errorf("persistence: value of key %x is %w: %d octets", key, errDamaged, len(value))
	}
	if value[0] != envelopeMagic || value[1] != envelopeVersion {
		return nil, fmt.Errorf("persistence: value of key %x is %w: it begins with %x",
			key, errDamaged, value[:2])
	}
	sum := crc32.Checksum(value[envelopeHeader:], castagnoli)
	if want := binary.BigEndian.Uint32(value[2:]); sum != want {
		return nil, fmt.Errorf("persistence: value of key %x is %w: checksum %08x, not %08x",
			key, errDamaged, sum, want)
	}
	rest := value[envelopeHeader:]
	length, n := binary.Uvarint(rest)
	if n <= 0 || length > uint64(len(rest)-n) {
		return nil, fmt.Errorf("persistence: value of key %x is %w: no echo of the key", key, errDamaged)
	}
	if echo := rest[n : n+int(length)]; !bytes.Equal(echo, key) {
		return nil, fmt.Errorf("persistence: value of key %x is %w: it belongs to key %x",
			key, errDamaged, echo)
	}
	return rest[n+int(length):], nil
}
