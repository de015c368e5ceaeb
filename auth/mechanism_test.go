package auth_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

// exported is the part of RabbitMQ's definitions that is about users.
type exported struct {
	Users []struct {
		Name      string           `json:"name"`
		Hash      string           `json:"password_hash"`
		Algorithm string           `json:"hashing_algorithm"`
		Tags      []string         `json:"tags"`
		Limits    map[string]int64 `json:"limits"`
	} `json:"users"`
	VHosts []struct {
		Name string `json:"name"`
	} `json:"vhosts"`
	Permissions      []definitions.Permission      `json:"permissions"`
	TopicPermissions []definitions.TopicPermission `json:"topic_permissions"`
}

// Users that RabbitMQ 3.10.8 has exported log in with their passwords.
func TestUsersOfRabbitMQ(t *testing.T) {
	text, err := os.ReadFile("testdata/rabbitmq-3.10.8.json")
	require.NoError(t, err)
	var export exported
	require.NoError(t, json.Unmarshal(text, &export))
	var set definitions.Set
	for _, u := range export.Users {
		set.Users = append(set.Users, definitions.User{
			Name: u.Name, PasswordHash: u.Hash, HashingAlgorithm: u.Algorithm, Tags: u.Tags,
		})
	}
	for _, v := range export.VHosts {
		set.VHosts = append(set.VHosts, definitions.VHost{Name: v.Name})
	}
	set.Permissions, set.TopicPermissions = export.Permissions, export.TopicPermissions
	// RabbitMQ 4.0.5, by rabbitmqctl hash_password.
	set.Users = append(set.Users, definitions.User{
		Name: "of-4.0", PasswordHash: "ckFuRRp/NzsMV1mRRfKMr32CSDxBm8ISy/9bKJ8IO8W5roZl", HashingAlgorithm: auth.HashingSHA256,
	})
	d := newDirectory(t, auth.DirectoryOptions{}, definitions.Set{})
	_, err = d.Import(set)
	require.NoError(t, err)
	passwords := map[string]string{
		"guest": "guest", "idt-sha256": "pass-sha256", "idt-sha512": "pass-sha512", "idt-md5": "pass-md5",
		"idt-utf8-sha256": "pässwörd €", "idt-utf8-sha512": "pässwörd €", "idt-utf8-md5": "pässwörd €",
		"of-4.0": "pass-4.0.5 ü",
	}
	for _, u := range set.Users {
		password, has := passwords[u.Name]
		_, err := d.Authenticate(auth.Attempt{Name: u.Name, Password: password})
		require.Equal(t, has, err == nil, u.Name)
		_, err = d.Authenticate(auth.Attempt{Name: u.Name, Password: "wrong"})
		require.ErrorIs(t, err, auth.ErrRefused)
		back, _ := d.User(u.Name)
		require.Equal(t, u.PasswordHash, back.PasswordHash)
	}
	user := auth.User{Name: "idt-sha256"}
	require.NoError(t, d.May(user, "idt", auth.Configure, auth.Resource{Kind: auth.Queue, Name: "ord.x"}))
	require.Error(t, d.May(user, "idt", auth.Write, auth.Resource{Kind: auth.Queue, Name: "ord.x"}))
	require.NoError(t, d.MayTopic(user, "idt", "amq.topic", auth.Write, "idt-sha256.x"))
}

func certificate(t testing.TB) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile("testdata/client.pem")
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	require.NoError(t, err)
	return cert
}

func TestNamesInCertificates(t *testing.T) {
	cert := certificate(t)
	for want, name := range map[string]auth.CertificateName{
		// As RabbitMQ 3.10.8 writes it.
		`CN=second,CN=app,UID=u1,EMAILADDRESS=app@shop.com,SERIALNUMBER=12,GIVENNAME=Jo,TITLE=Dr,2.5.4.9=Street 1,` +
			`SN=M\C3\BCller,OU=\#first+OU=\ space\ ,O=Shop\, \"Inc\" \+ \<x\>\; \\ \7E,C=DE,DC=com`: {},
		"app,second":        {From: auth.CommonName},
		"app.shop":          {From: auth.SubjectAltDNS},
		"two.shop":          {From: auth.SubjectAltDNS, Index: 1},
		"a@shop":            {From: auth.SubjectAltEmail},
		"spiffe://shop/app": {From: auth.SubjectAltURI},
		"10.0.0.7":          {From: auth.SubjectAltIP},
		"2001:db8::1":       {From: auth.SubjectAltIP, Index: 1},
	} {
		d := newDirectory(t, auth.DirectoryOptions{}, definitions.Set{Users: []definitions.User{{Name: want, Tags: []string{"t"}}}})
		a := newAuthority(t, auth.AuthorityOptions{Directory: d, Mechanisms: []string{"EXTERNAL"}, CertificateName: name})
		peer := from("10.0.0.1:1")
		peer.TLS, peer.Certificates = true, []*x509.Certificate{cert}
		user, err := a.Login("EXTERNAL", "ignored", peer)
		require.NoError(t, err)
		require.Equal(t, want, user.Name)
		require.Equal(t, []string{"t"}, user.Tags)
	}
}

func TestExternalRefusals(t *testing.T) {
	d := newDirectory(t, auth.DirectoryOptions{}, definitions.Set{Users: []definitions.User{{Name: "a@shop"}}})
	tls := func(certs ...*x509.Certificate) auth.Peer {
		peer := from("10.0.0.1:1")
		peer.TLS, peer.Certificates = true, certs
		return peer
	}
	all := []string{"EXTERNAL", "PLAIN"}
	for want, c := range map[string]struct {
		options auth.AuthorityOptions
		peer    auth.Peer
	}{
		"EXTERNAL login refused: connection peer presented no TLS (x.509) certificate": {auth.AuthorityOptions{}, tls()},
		"EXTERNAL login refused: no name found": {
			auth.AuthorityOptions{CertificateName: auth.CertificateName{From: auth.SubjectAltDNS, Index: 2}}, tls(certificate(t)),
		},
		"EXTERNAL login refused: user 'app,second' - invalid credentials": {
			auth.AuthorityOptions{CertificateName: auth.CertificateName{From: auth.CommonName}}, tls(certificate(t)),
		},
		"EXTERNAL login refused: user 'a@shop' - can only connect via localhost": {
			auth.AuthorityOptions{
				CertificateName: auth.CertificateName{From: auth.SubjectAltEmail}, LoopbackUsers: []string{"a@shop"},
			}, tls(certificate(t)),
		},
		"EXTERNAL login refused: no name found (empty)": {
			auth.AuthorityOptions{}, tls(&x509.Certificate{}),
		},
	} {
		c.options.Directory, c.options.Mechanisms = d, all
		_, err := newAuthority(t, c.options).Login("EXTERNAL", "", c.peer)
		require.ErrorIs(t, err, auth.ErrRefused)
		require.EqualError(t, err, strings.TrimSuffix(want, " (empty)"))
	}
	a := newAuthority(t, auth.AuthorityOptions{Directory: d, Mechanisms: all})
	_, err := a.Login("EXTERNAL", "", from("10.0.0.1:1"))
	require.ErrorIs(t, err, auth.ErrUnknownMechanism, "without TLS it is not offered")
}

func TestAnonymous(t *testing.T) {
	d := newDirectory(t, auth.DirectoryOptions{}, definitions.Set{Users: []definitions.User{{Name: "anyone"}}})
	a := newAuthority(t, auth.AuthorityOptions{Directory: d})
	_, err := a.Login("ANONYMOUS", "", from("10.0.0.1:1"))
	require.ErrorIs(t, err, auth.ErrUnknownMechanism)

	a = newAuthority(t, auth.AuthorityOptions{Directory: d, AnonymousUser: "anyone"})
	user, err := a.Login("ANONYMOUS", "trace", from("10.0.0.1:1"))
	require.NoError(t, err)
	require.Equal(t, "anyone", user.Name)

	a = newAuthority(t, auth.AuthorityOptions{Directory: d, AnonymousUser: "nobody"})
	_, err = a.Login("ANONYMOUS", "", from("10.0.0.1:1"))
	require.ErrorIs(t, err, auth.ErrRefused)

	a = newAuthority(t, auth.AuthorityOptions{Directory: d, AnonymousUser: "anyone", LoopbackUsers: []string{"anyone"}})
	_, err = a.Login("ANONYMOUS", "", from("10.0.0.1:1"))
	require.ErrorIs(t, err, auth.ErrRefused)
}

func TestMechanisms(t *testing.T) {
	d := shop(t)
	for _, c := range []struct {
		options    auth.AuthorityOptions
		plain, tls string
	}{
		{auth.AuthorityOptions{}, "AMQPLAIN PLAIN", "AMQPLAIN PLAIN"},
		{auth.AuthorityOptions{AnonymousUser: "app"}, "AMQPLAIN PLAIN ANONYMOUS", "AMQPLAIN PLAIN ANONYMOUS"},
		{auth.AuthorityOptions{AnonymousUser: "app", Mechanisms: []string{"PLAIN"}}, "PLAIN", "PLAIN"},
		{auth.AuthorityOptions{Mechanisms: []string{"EXTERNAL", "PLAIN"}}, "PLAIN", "PLAIN EXTERNAL"},
		{auth.AuthorityOptions{Mechanisms: []string{"EXTERNAL"}}, "", "EXTERNAL"},
	} {
		c.options.Directory = d
		a := newAuthority(t, c.options)
		require.Equal(t, c.plain, a.Mechanisms())
		require.Equal(t, c.tls, a.MechanismsFor(auth.Peer{TLS: true}))
	}
	for name, options := range map[string]auth.AuthorityOptions{
		"no directory":      {},
		"unknown mechanism": {Directory: d, Mechanisms: []string{"GSSAPI"}},
		"nobody":            {Directory: d, Mechanisms: []string{"ANONYMOUS"}},
		"negative index":    {Directory: d, CertificateName: auth.CertificateName{Index: -1}},
		"unknown source":    {Directory: d, CertificateName: auth.CertificateName{From: 99}},
	} {
		a, err := auth.New(options)
		require.Error(t, err, name)
		require.Nil(t, a, name)
	}
}

// Whatever a client sends is an answer of one of the three kinds, which never
// has the password in it, or a login with the right password.
func FuzzLogin(f *testing.F) {
	d := shop(f)
	_, err := d.SetPassword("app", "right")
	require.NoError(f, err)
	a := newAuthority(f, auth.AuthorityOptions{Directory: d, AnonymousUser: "other", Mechanisms: []string{
		"PLAIN", "AMQPLAIN", "EXTERNAL", "ANONYMOUS",
	}})
	f.Add("PLAIN", "\x00app\x00right", false)
	f.Add("AMQPLAIN", amqplain(amqp.Field{Key: "LOGIN", Value: "app"}, amqp.Field{Key: "PASSWORD", Value: "right"}), true)
	f.Add("EXTERNAL", "", true)
	f.Add("ANONYMOUS", "x", true)
	f.Fuzz(func(t *testing.T, mechanism, response string, tls bool) {
		user, err := a.Login(mechanism, response, auth.Peer{TLS: tls})
		if err == nil {
			require.True(t, mechanism == "ANONYMOUS" || user.Name == "app" && strings.Contains(response, "right"))
			return
		}
		kinds := 0
		for _, kind := range []error{auth.ErrRefused, auth.ErrUnknownMechanism, auth.ErrMalformedResponse} {
			if errors.Is(err, kind) {
				kinds++
			}
		}
		require.Equal(t, 1, kinds, "%v", err)
	})
}
