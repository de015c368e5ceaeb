package configs

import (
	"errors"
	"net/netip"
	"strconv"
)

// The values of tls-clients.
const (
	ClientsNone    = "none"
	ClientsVerify  = "verify"
	ClientsRequire = "require"
)

// The values of tls-version.
const (
	TLS12 = "1.2"
	TLS13 = "1.3"
)

// asVersion takes a text, and a number as it may stand in a file.
func asVersion(raw any) (string, error) {
	if number, ok := raw.(float64); ok {
		return strconv.FormatFloat(number, 'g', -1, 64), nil
	}
	return asText(raw)
}

// ParseNetwork reads a network (10.0.0.0/8) or one address.
func ParseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("it must be a network such as 10.0.0.0/8 or an address")
	}
	return network.Masked(), nil
}

func isNetwork(text string) error {
	_, err := ParseNetwork(text)
	return err
}
