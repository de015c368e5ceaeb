package persistence

import (
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/definitions"
)

func someIdentities() definitions.Set {
	return definitions.Set{
		Users: []definitions.User{
			{Name: "guest", PasswordHash: "e304vmlW9geoX2AFBX+e9/Yc2UF2BlNDW51MRBuQ1ge8e2P1",
				HashingAlgorithm: "rabbit_password_hashing_sha256", Tags: []string{"administrator", "own"}},
			{Name: "g", MaxConnections: definitions.LimitOf(0), MaxChannels: definitions.LimitOf(-1)},
			{Name: "ü\x00st", MaxConnections: definitions.LimitOf(math.MinInt64), MaxChannels: definitions.LimitOf(math.MaxInt64)},
		},
		VHosts: []definitions.VHost{
			{Name: "/", Description: "Default virtual host"},
			{Name: "", Tags: []string{""}, ProtectedFromDeletion: true, MaxQueues: definitions.LimitOf(100)},
			{Name: "shop", DefaultQueueType: "quorum", Tracing: true, MaxConnections: definitions.LimitOf(7)},
		},
		Permissions: []definitions.Permission{
			{User: "guest", VHost: "/", Configure: ".*", Write: ".*", Read: ".*"},
			{User: "a", VHost: "bc", Configure: "1"},
			{User: "ab", VHost: "c", Read: "3"},
		},
		TopicPermissions: []definitions.TopicPermission{
			{User: "guest", VHost: "/", Exchange: "amq.topic", Write: "^{username}", Read: ".*"},
			{User: "guest", VHost: "/", Exchange: ""},
		},
		Parameters: []definitions.Parameter{
			{VHost: "/", Component: "policy", Name: "ttl", Value: `{"pattern":"^a"}`},
			{Name: "cluster_name", Value: `"shop"`},
		},
	}
}

func requireIdentities(t *testing.T, s *Store, want definitions.Set) {
	t.Helper()
	got, err := s.Definitions()
	require.NoError(t, err)
	require.ElementsMatch(t, want.Users, got.Users)
	require.ElementsMatch(t, want.VHosts, got.VHosts)
	require.ElementsMatch(t, want.Permissions, got.Permissions)
	require.ElementsMatch(t, want.TopicPermissions, got.TopicPermissions)
	require.ElementsMatch(t, want.Parameters, got.Parameters)
}

func TestIdentitiesSurvive(t *testing.T) {
	s := openDir(t, t.TempDir())
	want := someIdentities()
	require.NoError(t, apply(s, definitions.Change{Put: want}))
	require.NoError(t, apply(s, definitions.Change{Put: someDefinitions()}))
	s = openDir(t, snapshot(t, s))
	requireIdentities(t, s, want)
	requireDefinitions(t, s, someDefinitions())

	// Names alone delete; what has a similar name stays.
	require.NoError(t, apply(s, definitions.Change{
		Delete: definitions.Set{
			Users: []definitions.User{{Name: "g"}}, VHosts: []definitions.VHost{{Name: "shop"}},
			Permissions:      []definitions.Permission{{User: "a", VHost: "bc"}},
			TopicPermissions: []definitions.TopicPermission{{User: "guest", VHost: "/"}},
			Parameters:       []definitions.Parameter{{VHost: "/", Component: "policy", Name: "ttl"}},
		},
		Put: definitions.Set{Users: []definitions.User{{Name: "guest"}}},
	}))
	want.Users = []definitions.User{{Name: "guest"}, want.Users[2]}
	want.VHosts = want.VHosts[:2]
	want.Permissions = slices.Delete(want.Permissions, 1, 2)
	want.TopicPermissions = want.TopicPermissions[:1]
	want.Parameters = want.Parameters[1:]
	requireIdentities(t, s, want)
	s = openDir(t, snapshot(t, s))
	requireIdentities(t, s, want)
}

// What these octets mean must never change: they are in data directories.
func TestStoredIdentitiesAreReadForEver(t *testing.T) {
	set := someIdentities()
	limited := set.Users[1]
	limited.Tags = []string{"t"}
	for octets, encoded := range map[string][]byte{
		"010001670000010174010001" + "01":                                      encodeUser(limited),
		"0102" + "0473686f70" + "00" + "0671756f72756d" + "00" + "010e" + "00": encodeVHost(set.VHosts[2]),
		"0101" + "00" + "00" + "00" + "0100" + "00" + "01c801":                 encodeVHost(set.VHosts[1]),
		"0100" + "0161" + "026263" + "0131" + "00" + "00":                      encodePermission(set.Permissions[1]),
		"0100" + "056775657374" + "012f" + "00" + "00" + "00":                  encodeTopicPermission(set.TopicPermissions[1]),
		"0100" + "00" + "00" + "0c636c75737465725f6e616d65" + "062273686f7022": encodeParameter(set.Parameters[1]),
	} {
		require.Equal(t, octets, hex.EncodeToString(encoded))
	}
	for key, names := range map[string]string{
		"mu\x01g":                    namesKey(metaUser, "g"),
		"mh\x04shop":                 namesKey(metaVHost, "shop"),
		"mp\x02bc\x01a":              namesKey(metaPermission, "bc", "a"),
		"mr\x01/\x06policy\x03ttl":   namesKey(metaParameter, "/", "policy", "ttl"),
		"mt\x01/\x05guest\x00":       namesKey(metaTopic, "/", "guest", ""),
		"mt\x01/\x05guest\x01" + "x": namesKey(metaTopic, "/", "guest", "x"),
	} {
		require.Equal(t, key, names)
	}
}

func TestIdentitiesOfAnUnknownVersionAreRefused(t *testing.T) {
	payload := encodeUser(someIdentities().Users[0])
	payload[0]++
	_, err := decodeUser(payload)
	require.ErrorIs(t, err, errDamaged)
}

func TestALongUserIsStoredInParts(t *testing.T) {
	s := openDir(t, t.TempDir())
	long := definitions.User{Name: "long", Tags: slices.Repeat([]string{strings.Repeat("x", 100)}, 90)}
	require.NoError(t, apply(s, definitions.Change{Put: definitions.Set{Users: []definitions.User{long}}}))
	s = openDir(t, snapshot(t, s))
	requireIdentities(t, s, definitions.Set{Users: []definitions.User{long}})
	require.NoError(t, apply(s, definitions.Change{Delete: definitions.Set{Users: []definitions.User{{Name: "long"}}}}))
	s = openDir(t, snapshot(t, s))
	requireIdentities(t, s, definitions.Set{})
}

func FuzzDecodeIdentities(f *testing.F) {
	for _, d := range appendIdentities(nil, someIdentities()) {
		f.Add(d.payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, kind := range []byte{metaUser, metaVHost, metaPermission, metaTopic, metaParameter} {
			var set definitions.Set
			if err := addIdentity(&set, kind, payload); err != nil {
				require.ErrorIs(t, err, errDamaged)
				continue
			}
			// What decodes means the same when it is stored again.
			for _, d := range appendIdentities(nil, set) {
				var again definitions.Set
				require.NoError(t, addIdentity(&again, kind, d.payload))
				require.Equal(t, set, again)
			}
		}
	})
}
