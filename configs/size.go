package configs

import (
	"errors"
	"math"
	"regexp"
	"strconv"
)

// sizeText is a number of octets with a unit, or none.
var sizeText = regexp.MustCompile(`^(\d+) ?([kKMGT]?)(i?)(B?)$`)

// asSize takes a number of octets, and one with a unit as in rabbitmq.conf: kB,
// MB, GB and TB are powers of 1000; KiB, MiB, GiB and TiB, also without their
// last letters (k, M, G, T), are powers of 1024.
func asSize(raw any) (int64, error) {
	if octets, err := asInt64(raw); err == nil {
		return octets, nil
	}
	text, _ := raw.(string)
	parts := sizeText.FindStringSubmatch(text)
	if parts == nil {
		return 0, errors.New("it must be a number of octets (1048576) or one with its unit (1MiB, 50MB, 2GiB)")
	}
	number, unit, binary, octet := parts[1], parts[2], parts[3], parts[4]
	size, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, errors.New("it is out of range")
	}
	step := int64(1024)
	if binary == "" && octet == "B" {
		step = 1000
	}
	for range unitPowers()[unit] {
		if size > math.MaxInt64/step {
			return 0, errors.New("it is out of range")
		}
		size *= step
	}
	return size, nil
}

func unitPowers() map[string]int {
	return map[string]int{"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4}
}

// sizeFlag is a flag for a size. It is checked with all other sources.
type sizeFlag string

func (s *sizeFlag) String() string { return string(*s) }

func (s *sizeFlag) Set(text string) error {
	*s = sizeFlag(text)
	return nil
}

// Type is what the help shows in the place of the value.
func (*sizeFlag) Type() string { return "size" }
