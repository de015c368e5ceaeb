package ctl

import (
	"fmt"
	"net/http"
	"slices"
)

// queueCommands are those of rabbitmq-queues.
func queueCommands() []command {
	return append(append(quorumCommands(), unsupported(noStreams, "stream_status")...), []command{
		{"rebalance", "< all | quorum | stream > [--vhost-pattern <pattern>] [--queue-pattern <pattern>]", 1, 1, "Does nothing: there is one node", func(c *call) string {
			return fmt.Sprintf("Re-balancing leaders of %s queues...", c.args[0])
		}, func(c *call) error {
			if err := c.do(http.MethodPost, at("rebalance", "queues"), object{}, nil); err != nil {
				return err
			}
			if c.options.formatter == formatJSON {
				return c.answer(object{"node": c.node(), "result": "ok", "value": []any{}})
			}
			return nil
		}},
		{"check_if_node_is_quorum_critical", "[--timeout <timeout>]", 0, 0, "Never fails: there is one node",
			ofNode("Checking if node %s is critical for quorum of any queues/streams ..."), quorumUncritical},
	}...)
}

const noStreams = "there are no streams"

// maintain changes whether clients are served.
func (c *call) maintain(change object) error {
	return c.do(http.MethodPut, at("maintenance"), change, nil)
}

// quorumCommands are those about the replicas of queues, of which there is one.
func quorumCommands() []command {
	peek := unsupported("messages have no position; leveret peek shows those at the head of a queue", "peek")
	return slices.Concat(peek, unsupported("there is one node, which has the only replica of each queue", "add_member", "delete_member", "grow", "shrink",
		"reclaim_quorum_memory"), []command{
		{"quorum_status", "[--vhost <vhost>] <queue>", 1, 1, "Tells of the only replica of a quorum queue", func(c *call) string {
			return fmt.Sprintf("Status of quorum queue %s on node %s ...", c.args[0], c.node())
		}, quorumStatus},
		{"check_if_node_is_mirror_sync_critical", "[--timeout <timeout>]", 0, 0, "Never fails: there is one node",
			ofNode("Checking if node %s is critical for data safety of any classic mirrored queues ..."), quorumUncritical},
		{"check_if_new_quorum_queue_replicas_have_finished_initial_sync", "", 0, 0, "Never fails: there is one node",
			ofNode("Checking if node %s runs promotable replicas of any queues ..."), func(c *call) error {
				n, err := c.theNode()
				if err == nil {
					c.say("Node %s reported no queues with promotable replicas", term(n["name"]))
				}
				return err
			}},
		{"check_if_cluster_has_classic_queue_mirroring_policy", "", 0, 0, "Never fails: keys of mirroring have no effect here",
			announce("Checking if cluster has any classic queue mirroring policy ..."), func(c *call) error {
				c.say("Cluster reported no policies that enable classic queue mirroring")
				return nil
			}},
		{"list_policies_with_classic_queue_mirroring", "", 0, 0, "Lists no policies", announce("Listing policies with classic queue mirroring ..."), nothing},
		{"list_operator_policies_with_classic_queue_mirroring", "", 0, 0, "Lists no policies", announce("Listing operator policies with classic queue mirroring ..."), nothing},
	})
}

// quorumUncritical says that nothing depends on the node's fellows.
func quorumUncritical(c *call) error {
	n, err := c.theNode()
	if err != nil {
		return err
	}
	const alone = "seems to be the only one in a single node cluster, the check does not apply"
	return c.passedWith(object{"message": "Target node " + alone, "result": "ok"}, "Node %s %s", term(n["name"]), alone)
}

func quorumStatus(c *call) error {
	var status []object
	err := c.get(at("queues", "quorum", c.options.vhost, c.args[0], "status"), &status)
	if missing(err) {
		return noObject()
	}
	if err != nil {
		return err
	}
	return c.show([]string{"Node Name", "Raft State", "Membership", "Last Log Index", "Last Written", "Last Applied", "Commit Index", "Snapshot Index", "Term", "Machine Version"}, status)
}

// streamCommands are those of rabbitmq-streams.
func streamCommands() []command {
	return unsupported(noStreams, "add_replica", "delete_replica", "restart_stream", "set_stream_retention_policy", "stream_status", "coordinator_status")
}

// upgradeCommands are those of rabbitmq-upgrade.
func upgradeCommands() []command {
	return []command{
		{"await_online_quorum_plus_one", "", 0, 0, "Does not wait: there is one node", func(c *call) string {
			return fmt.Sprintf("Will wait for a quorum + 1 of nodes to be online for all quorum queues and streams for %d seconds...", c.options.timeout)
		}, aloneNode},
		{"await_online_synchronized_mirror", "", 0, 0, "Does not wait: there is one node", func(c *call) string {
			return fmt.Sprintf("Will wait for a synchronised mirror be online for all classic mirrored queues for %d seconds...", c.options.timeout)
		}, aloneNode},
		{"post_upgrade", "", 0, 0, "Does nothing: a new version needs nothing but a start", announce("Executing post upgrade tasks..."), func(c *call) error {
			if _, err := c.broker(); err != nil {
				return err
			}
			c.say("Rebalancing queue masters...")
			return nil
		}},
		{"drain", "", 0, 0, "Closes all connections and lets no new ones in", ofNode("Will put node %s into maintenance mode. The node will no longer serve any client traffic!"), func(c *call) error {
			return c.maintain(object{"drained": true})
		}},
		{"revive", "", 0, 0, "Lets connections in again", ofNode("Will put node %s back into regular operating mode. The node will again serve client traffic and host primary queue replicas."), func(c *call) error {
			return c.maintain(object{"drained": false})
		}},
	}
}

func aloneNode(c *call) error {
	if _, err := c.broker(); err != nil {
		return err
	}
	c.say("Target node seems to be the only one in a single node cluster, the command does not apply")
	return nil
}
