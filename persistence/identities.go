package persistence

import (
	"encoding/binary"

	"github.com/leveretmq/leveret/definitions"
)

// The flags of stored users and virtual hosts.
const (
	identifiedProtected = 1 << iota
	identifiedTracing
)

// appendIdentities appends the users, virtual hosts, permissions and parameters of a
// set.
func appendIdentities(dst []definition, set definitions.Set) []definition {
	for _, u := range set.Users {
		dst = append(dst, definition{key: namesKey(metaUser, u.Name), payload: encodeUser(u)})
	}
	for _, v := range set.VHosts {
		dst = append(dst, definition{key: namesKey(metaVHost, v.Name), payload: encodeVHost(v)})
	}
	for _, p := range set.Permissions {
		dst = append(dst, definition{key: namesKey(metaPermission, p.VHost, p.User), payload: encodePermission(p)})
	}
	for _, p := range set.TopicPermissions {
		dst = append(dst, definition{
			key: namesKey(metaTopic, p.VHost, p.User, p.Exchange), payload: encodeTopicPermission(p),
		})
	}
	for _, p := range set.Parameters {
		dst = append(dst, definition{
			key: namesKey(metaParameter, p.VHost, p.Component, p.Name), payload: encodeParameter(p),
		})
	}
	return dst
}

// addIdentity decodes one of them into its place in the set.
func addIdentity(set *definitions.Set, kind byte, payload []byte) error {
	var err error
	switch kind {
	case metaUser:
		var u definitions.User
		u, err = decodeUser(payload)
		set.Users = append(set.Users, u)
	case metaVHost:
		var v definitions.VHost
		v, err = decodeVHost(payload)
		set.VHosts = append(set.VHosts, v)
	case metaPermission:
		var p definitions.Permission
		p, err = decodePermission(payload)
		set.Permissions = append(set.Permissions, p)
	case metaTopic:
		var p definitions.TopicPermission
		p, err = decodeTopicPermission(payload)
		set.TopicPermissions = append(set.TopicPermissions, p)
	case metaParameter:
		var p definitions.Parameter
		p, err = decodeParameter(payload)
		set.Parameters = append(set.Parameters, p)
	}
	return err
}

// namesKey is the key of a definition that names identify.
func namesKey(kind byte, names ...string) string {
	return string(appendTexts([]byte{prefixMeta, kind}, names...))
}

func appendTexts(dst []byte, texts ...string) []byte {
	for _, text := range texts {
		dst = appendText(dst, text)
	}
	return dst
}

// appendList appends the number of texts and the texts.
func appendList(dst []byte, texts []string) []byte {
	return appendTexts(binary.AppendUvarint(dst, uint64(len(texts))), texts...)
}

// appendLimit appends zero for no limit, else one and the limit.
func appendLimit(dst []byte, l definitions.Limit) []byte {
	if !l.Set {
		return append(dst, 0)
	}
	return binary.AppendVarint(append(dst, 1), l.Max)
}

func encodeUser(u definitions.User) []byte {
	b := appendTexts([]byte{definitionVersion, 0}, u.Name, u.PasswordHash, u.HashingAlgorithm)
	b = appendList(b, u.Tags)
	b = appendLimit(b, u.MaxConnections)
	return appendLimit(b, u.MaxChannels)
}

func encodeVHost(v definitions.VHost) []byte {
	b := []byte{definitionVersion, flag(v.ProtectedFromDeletion, identifiedProtected) | flag(v.Tracing, identifiedTracing)}
	b = appendTexts(b, v.Name, v.Description, v.DefaultQueueType)
	b = appendList(b, v.Tags)
	b = appendLimit(b, v.MaxConnections)
	return appendLimit(b, v.MaxQueues)
}

func encodePermission(p definitions.Permission) []byte {
	return appendTexts([]byte{definitionVersion, 0}, p.User, p.VHost, p.Configure, p.Write, p.Read)
}

func encodeTopicPermission(p definitions.TopicPermission) []byte {
	return appendTexts([]byte{definitionVersion, 0}, p.User, p.VHost, p.Exchange, p.Write, p.Read)
}

func encodeParameter(p definitions.Parameter) []byte {
	return appendTexts([]byte{definitionVersion, 0}, p.VHost, p.Component, p.Name, p.Value)
}

// list reads what appendList has written.
func (c *definitionCursor) list() []string {
	var texts []string
	for range c.uvarint() {
		if c.err != nil {
			return nil
		}
		texts = append(texts, c.text())
	}
	return texts
}

// limit reads what appendLimit has written.
func (c *definitionCursor) limit() definitions.Limit {
	if c.octet() == 0 || c.err != nil {
		return definitions.Limit{}
	}
	v, n := binary.Varint(c.data[c.off:])
	if n <= 0 {
		c.fail("no limit")
		return definitions.Limit{}
	}
	c.off += n
	return definitions.LimitOf(v)
}

// end refuses what is left over.
func (c *definitionCursor) end() error {
	if !c.empty() {
		c.fail("%d octets left over", len(c.data)-c.off)
	}
	return c.err
}

func decodeUser(payload []byte) (definitions.User, error) {
	c := definitionCursor{cursor{data: payload}}
	c.begin()
	u := definitions.User{
		Name: c.text(), PasswordHash: c.text(), HashingAlgorithm: c.text(), Tags: c.list(),
		MaxConnections: c.limit(), MaxChannels: c.limit(),
	}
	return u, c.end()
}

func decodeVHost(payload []byte) (definitions.VHost, error) {
	c := definitionCursor{cursor{data: payload}}
	flags := c.begin()
	v := definitions.VHost{
		ProtectedFromDeletion: flags&identifiedProtected != 0, Tracing: flags&identifiedTracing != 0,
		Name: c.text(), Description: c.text(), DefaultQueueType: c.text(), Tags: c.list(),
		MaxConnections: c.limit(), MaxQueues: c.limit(),
	}
	return v, c.end()
}

func decodePermission(payload []byte) (definitions.Permission, error) {
	c := definitionCursor{cursor{data: payload}}
	c.begin()
	p := definitions.Permission{
		User: c.text(), VHost: c.text(), Configure: c.text(), Write: c.text(), Read: c.text(),
	}
	return p, c.end()
}

func decodeTopicPermission(payload []byte) (definitions.TopicPermission, error) {
	c := definitionCursor{cursor{data: payload}}
	c.begin()
	p := definitions.TopicPermission{
		User: c.text(), VHost: c.text(), Exchange: c.text(), Write: c.text(), Read: c.text(),
	}
	return p, c.end()
}

func decodeParameter(payload []byte) (definitions.Parameter, error) {
	c := definitionCursor{cursor{data: payload}}
	c.begin()
	p := definitions.Parameter{VHost: c.text(), Component: c.text(), Name: c.text(), Value: c.text()}
	return p, c.end()
}
