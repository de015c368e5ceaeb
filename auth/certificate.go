package auth

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CertificateSource is the part of a certificate that names a user.
type CertificateSource uint8

// The parts. Zero is RabbitMQ's default.
const (
	// DistinguishedName is the whole subject in the order of RFC 4514, like
	// "CN=app,O=Shop".
	DistinguishedName CertificateSource = iota
	// CommonName is the subject's CN; several are joined with commas.
	CommonName
	// The subject alternative names. An IP address is in its usual notation.
	SubjectAltDNS
	SubjectAltEmail
	SubjectAltURI
	SubjectAltIP
)

// CertificateName says how the name of a user is read from a certificate.
type CertificateName struct {
	From CertificateSource
	// Index counts the subject alternative names of the kind from zero.
	Index int
}

// Why a certificate names nobody.
var (
	errNoTLS         = errors.New("not a TLS-enabled connection")
	errNoCertificate = errors.New("connection peer presented no TLS (x.509) certificate")
	errNoName        = errors.New("no name found")
)

func (n CertificateName) check() error {
	if n.From > SubjectAltIP || n.Index < 0 {
		return fmt.Errorf("nothing of a certificate is number %d of source %d", n.Index, n.From)
	}
	return nil
}

// of is the name in the certificate that the peer has proved itself with.
func (n CertificateName) of(peer Peer) (string, error) {
	if !peer.TLS {
		return "", errNoTLS
	}
	if len(peer.Certificates) == 0 {
		return "", errNoCertificate
	}
	var names []string
	index := n.Index
	switch cert := peer.Certificates[0]; n.From {
	case DistinguishedName:
		names, index = []string{distinguishedName(cert)}, 0
	case CommonName:
		names, index = []string{strings.Join(commonNames(cert), ",")}, 0
	case SubjectAltDNS:
		names = cert.DNSNames
	case SubjectAltEmail:
		names = cert.EmailAddresses
	case SubjectAltURI:
		for _, uri := range cert.URIs {
			names = append(names, uri.String())
		}
	case SubjectAltIP:
		for _, ip := range cert.IPAddresses {
			names = append(names, ip.String())
		}
	}
	if index >= len(names) || names[index] == "" {
		return "", errNoName
	}
	return names[index], nil
}

func commonNames(cert *x509.Certificate) []string {
	var names []string
	for _, attribute := range cert.Subject.Names {
		if shortName(attribute.Type) == "CN" {
			names = append(names, text(attribute.Value))
		}
	}
	return names
}

// distinguishedName writes the subject as RabbitMQ does, so that the users that
// operators have made for it are found: the last part first, and everything
// escaped that is not printable ASCII.
func distinguishedName(cert *x509.Certificate) string {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(cert.RawSubject, &sequence); err != nil || len(rest) > 0 {
		return ""
	}
	parts := make([]string, 0, len(sequence))
	for _, set := range slices.Backward(sequence) {
		attributes := make([]string, 0, len(set))
		for _, attribute := range set {
			attributes = append(attributes, shortName(attribute.Type)+"="+escapeName(text(attribute.Value)))
		}
		parts = append(parts, strings.Join(attributes, "+"))
	}
	return strings.Join(parts, ",")
}

// shortName is the usual name of a type of attribute, or its number.
func shortName(oid asn1.ObjectIdentifier) string {
	switch number := oid.String(); number {
	case "2.5.4.3":
		return "CN"
	case "2.5.4.4":
		return "SN"
	case "2.5.4.5":
		return "SERIALNUMBER"
	case "2.5.4.6":
		return "C"
	case "2.5.4.7":
		return "L"
	case "2.5.4.8":
		return "ST"
	case "2.5.4.10":
		return "O"
	case "2.5.4.11":
		return "OU"
	case "2.5.4.12":
		return "TITLE"
	case "2.5.4.42":
		return "GIVENNAME"
	case "2.5.4.43":
		return "INITIALS"
	case "2.5.4.44":
		return "GENERATIONQUALIFIER"
	case "2.5.4.65":
		return "PSEUDONYM"
	case "0.9.2342.19200300.100.1.1":
		return "UID"
	case "0.9.2342.19200300.100.1.25":
		return "DC"
	case "1.2.840.113549.1.9.1":
		return "EMAILADDRESS"
	default:
		return number
	}
}

func text(value any) string {
	s, _ := value.(string)
	return s
}

// escapeName escapes the value of an attribute (RFC 4514, section 2.4).
func escapeName(value string) string {
	var b strings.Builder
	for i := range len(value) {
		c := value[i]
		first, last := i == 0, i == len(value)-1
		switch {
		case strings.IndexByte("\"+,;<>\\", c) >= 0, c == ' ' && (first || last), c == '#' && first:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c >= '~':
			fmt.Fprintf(&b, "\\%02X", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
