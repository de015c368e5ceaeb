package configs

import (
	"errors"
	"fmt"
	"strconv"
)

// NoWatermark switches the alarm off.
const NoWatermark = "none"

// Watermark is an amount of memory: a number of octets, or a part of what there
// is. Neither means that there is none.
type Watermark struct {
	Octets int64
	Part   float64
}

// Of is the amount in octets where so much memory can be used; zero is none.
func (w Watermark) Of(total uint64) int64 {
	if w.Octets > 0 {
		return w.Octets
	}
	return int64(w.Part * float64(total))
}

// ParseWatermark reads a number of octets with or without a unit (2GiB), a part
// (0.6), or none.
func ParseWatermark(text string) (Watermark, error) {
	if text == NoWatermark {
		return Watermark{}, nil
	}
	if part, err := strconv.ParseFloat(text, 64); err == nil && part > 0 && part <= 1 {
		return Watermark{Part: part}, nil
	}
	octets, err := asSize(text)
	if err != nil {
		return Watermark{}, errors.New("it must be a part of the memory (0.6), a number of octets or one with its unit (2GiB), or none")
	}
	if octets < watermarkFloor {
		return Watermark{}, fmt.Errorf("it must be %d (128 MiB) or more, or a part of the memory between 0 and 1", watermarkFloor)
	}
	return Watermark{Octets: octets}, nil
}

// watermarkFloor leaves an idle broker room, in octets.
const watermarkFloor = 128 << 20

// asWatermark takes numbers as they may stand in a file.
func asWatermark(raw any) (string, error) {
	switch v := raw.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case int:
		return strconv.Itoa(v), nil
	}
	return asText(raw)
}

// ParseSize reads a number of octets with or without a unit: kB, MB, GB and TB are
// powers of 1000, KiB, MiB, GiB and TiB powers of 1024.
func ParseSize(text string) (int64, error) { return asSize(text) }

func isWatermark(text string) error {
	_, err := ParseWatermark(text)
	return err
}
