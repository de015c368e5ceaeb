package crash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
)

// MinBodySize is the size in octets of a body without any filler.
const MinBodySize = len(bodyMagic) + valueSize + crc32.Size

const (
	bodyMagic = "crash/1\n"
	valueSize = 8
)

// ErrForeignBody says that a body was not made by [EncodeBody], or was changed
// on its way.
var ErrForeignBody = errors.New("not a body of this test")

// Value is the identity of one published message.
type Value struct {
	Publisher uint16
	Origin    uint16 // index into the routes of the history
	Seq       uint32 // counts from 1 per publisher and origin, without gaps
}

func (v Value) String() string {
	return fmt.Sprintf("%d/%d/%d", v.Publisher, v.Origin, v.Seq)
}

// EncodeBody returns a fresh body of size octets that carries v, a filler that
// follows from v and a checksum over both. A size below [MinBodySize] gives
// MinBodySize octets.
func EncodeBody(v Value, size int) []byte {
	body := make([]byte, 0, max(size, MinBodySize))
	body = append(body, bodyMagic...)
	body = binary.BigEndian.AppendUint16(body, v.Publisher)
	body = binary.BigEndian.AppendUint16(body, v.Origin)
	body = binary.BigEndian.AppendUint32(body, v.Seq)
	filler := rand.New(rand.NewPCG(uint64(v.Seq), uint64(v.Publisher)<<16|uint64(v.Origin)))
	for len(body)+crc32.Size < size {
		room := size - crc32.Size - len(body)
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], filler.Uint64())
		body = append(body, word[:min(room, len(word))]...)
	}
	return binary.BigEndian.AppendUint32(body, crc32.Checksum(body, castagnoli()))
}

// DecodeBody returns the value in body, or an error that wraps
// [ErrForeignBody]. It keeps no reference to body.
func DecodeBody(body []byte) (Value, error) {
	if len(body) < MinBodySize || string(body[:len(bodyMagic)]) != bodyMagic {
		return Value{}, fmt.Errorf("%d octets without the mark: %w", len(body), ErrForeignBody)
	}
	content, sum := body[:len(body)-crc32.Size], body[len(body)-crc32.Size:]
	v := Value{
		Publisher: binary.BigEndian.Uint16(content[len(bodyMagic):]),
		Origin:    binary.BigEndian.Uint16(content[len(bodyMagic)+2:]),
		Seq:       binary.BigEndian.Uint32(content[len(bodyMagic)+4:]),
	}
	if got := crc32.Checksum(content, castagnoli()); got != binary.BigEndian.Uint32(sum) {
		return Value{}, fmt.Errorf("%d octets that claim to be %v have a wrong checksum: %w", len(body), v, ErrForeignBody)
	}
	return v, nil
}

// castagnoli is the polynomial that has an instruction of its own on the usual
// processors; MakeTable returns a shared table for it.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
