package tlsfiles

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// revoked is the certificates that are not good any more, by the octets of their
// issuer's name and their number.
type revoked map[string]map[string]struct{}

// errRevoked is why a client is refused.
var errRevoked = errors.New("the certificate was revoked")

// readRevoked reads lists that the authorities have signed.
func readRevoked(file string, authorities []*x509.Certificate) (revoked, error) {
	octets, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lists := [][]byte{octets}
	if block, _ := pem.Decode(octets); block != nil {
		lists = nil
		for rest := octets; ; {
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			lists = append(lists, block.Bytes)
		}
	}
	all := make(revoked)
	for _, der := range lists {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if err := signed(list, authorities); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		numbers := make(map[string]struct{})
		for _, entry := range list.RevokedCertificateEntries {
			numbers[entry.SerialNumber.String()] = struct{}{}
		}
		all[string(list.RawIssuer)] = numbers
	}
	return all, nil
}

// signed checks that one of the authorities has made the list.
func signed(list *x509.RevocationList, authorities []*x509.Certificate) error {
	for _, a := range authorities {
		if bytes.Equal(a.RawSubject, list.RawIssuer) && list.CheckSignatureFrom(a) == nil {
			return nil
		}
	}
	return fmt.Errorf("the list of %s is signed by none of the authorities", list.Issuer)
}

// check refuses a connection of which each chain has a revoked certificate.
func (r revoked) check(state tls.ConnectionState) error {
	if len(state.VerifiedChains) == 0 {
		return nil // no certificate, which is another rule's matter
	}
	for _, chain := range state.VerifiedChains {
		if !r.any(chain) {
			return nil
		}
	}
	return errRevoked
}

func (r revoked) any(chain []*x509.Certificate) bool {
	for _, c := range chain {
		if _, gone := r[string(c.RawIssuer)][c.SerialNumber.String()]; gone {
			return true
		}
	}
	return false
}
