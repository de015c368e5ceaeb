//go:build !race

package auth_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/definitions"
)

// The race detector makes pools forget, and both engines have pools.
func TestChecksDoNotAllocate(t *testing.T) {
	d := shop(t)
	_, err := d.SetPermission(definitions.Permission{User: "app", VHost: "/", Configure: `^(ord|inv)-\d+`, Write: ".*", Read: "^(?!x)é"})
	require.NoError(t, err)
	_, err = d.SetTopicPermission(definitions.TopicPermission{User: "app", VHost: "/", Exchange: "t", Write: "^{username}{client_id}"})
	require.NoError(t, err)
	a := newAuthority(t, auth.AuthorityOptions{Directory: d})
	user := auth.User{Name: "app", ClientID: "c"}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		for op, name := range [...]string{auth.Configure: "ord-1", auth.Write: "x", auth.Read: "école"} {
			if err := a.May(user, "/", auth.Operation(op), auth.Resource{Kind: auth.Queue, Name: name}); err != nil {
				t.Error(err)
			}
		}
		if err := a.MayTopic(user, "/", "t", auth.Write, "appc.x"); err != nil {
			t.Error(err)
		}
	}))
}
