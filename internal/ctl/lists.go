package ctl

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

func listCommands() []command {
	return []command{
		{"list_queues", "[--vhost <vhost>] [--online] [--offline] [--local] [--no-table-headers] [<column>, ...] [--timeout <timeout>]", 0, without, "Lists queues", timed("Listing queues for vhost %s ..."), func(c *call) error {
			return c.listQueues()
		}},
		{"list_exchanges", "[--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]", 0, without, "Lists exchanges", vhosted("Listing exchanges for vhost %s ..."), func(c *call) error {
			return c.columns(at("exchanges", c.options.vhost), "name", "type")
		}},
		{"list_bindings", "[--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]", 0, without, "Lists bindings", vhosted("Listing bindings for vhost %s..."), listBindings},
		{"list_connections", "[--no-table-headers] [<column> ...] [--timeout <timeout>]", 0, without, "Lists connections", announce("Listing connections ..."), func(c *call) error {
			return c.columns(at("connections"), "user", "peer_host", "peer_port", "state")
		}},
		{"list_channels", "[--no-table-headers] [<column> ...]", 0, without, "Lists channels", announce("Listing channels ..."), func(c *call) error {
			return c.columns(at("channels"), "pid", "user", "consumer_count", "messages_unacknowledged")
		}},
		{"list_consumers", "[--vhost <vhost>] [--no-table-headers] [<column> ...] [--timeout <timeout>]", 0, without, "Lists consumers", vhosted("Listing consumers in vhost %s ..."), listConsumers},
		{"purge_queue", "<queue> [--timeout <timeout>]", 1, 1, "Drops the ready messages of a queue", within("Purging queue '%s' in vhost '%s' ..."), func(c *call) error {
			err := c.do(http.MethodDelete, at("queues", c.options.vhost, c.args[0], "contents"), nil, nil)
			if missing(err) {
				return noObject()
			}
			return err
		}},
		{"delete_queue", "[--vhost <vhost>] <queue_name> [--if-empty|-e] [--if-unused|-u] [--timeout <timeout>]", 1, 1, "Deletes a queue", deletingQueue, deleteQueue},
		{"close_connection", "<connection pid> <explanation>", 2, 2, "Closes a connection, by its name", func(c *call) string {
			return fmt.Sprintf("Closing connection %s, reason: %s...", c.args[0], c.args[1])
		}, func(c *call) error {
			return c.dropIfThere(at("connections", c.args[0]))
		}},
		{"close_all_user_connections", "<username> <explanation>", 2, 2, "Closes all connections of a user", func(c *call) string {
			return fmt.Sprintf("Closing connections of user %s, reason: %s...", c.args[0], c.args[1])
		}, func(c *call) error {
			return c.do(http.MethodDelete, at("connections", "username", c.args[0]), nil, nil)
		}},
		{"close_all_connections", "[--vhost <vhost> --limit <limit>] [-n <node> --global] [--per-connection-delay <delay>] <explanation>", 1, 1, "Closes all connections to a virtual host, or all", func(c *call) string {
			if c.options.global {
				return fmt.Sprintf("Closing all connections to node %s (across all vhosts), reason: %s...", c.node(), c.args[0])
			}
			return fmt.Sprintf("Closing all connections in vhost %s, reason: %s...", c.options.vhost, c.args[0])
		}, closeAll},
	}
}

// vhosted announces the virtual host.
func vhosted(format string) func(*call) string {
	return func(c *call) string { return fmt.Sprintf(format, c.options.vhost) }
}

// timed announces the timeout, too.
func timed(format string) func(*call) string {
	return func(c *call) string {
		return fmt.Sprintf("Timeout: %d.0 seconds ...\n"+format, c.options.timeout, c.options.vhost)
	}
}

func queueColumns() []string {
	return strings.Fields("name durable auto_delete arguments policy operator_policy effective_policy_definition pid owner_pid exclusive " +
		"exclusive_consumer_pid exclusive_consumer_tag single_active_consumer_tag messages_ready messages_unacknowledged messages " +
		"messages_ready_ram messages_unacknowledged_ram messages_ram messages_persistent message_bytes message_bytes_ready " +
		"message_bytes_unacknowledged message_bytes_ram message_bytes_persistent head_message_timestamp disk_reads disk_writes " +
		"consumers consumer_utilisation consumer_capacity memory state type leader members online vhost")
}

func connectionColumns() []string {
	return strings.Fields("pid name port host peer_port peer_host ssl ssl_protocol ssl_key_exchange ssl_cipher ssl_hash " +
		"peer_cert_subject peer_cert_issuer peer_cert_validity state channels protocol auth_mechanism user vhost timeout frame_max " +
		"channel_max client_properties recv_oct recv_cnt send_oct send_cnt send_pend connected_at user_provided_name node")
}

func channelColumns() []string {
	return strings.Fields("pid connection name number user vhost transactional confirm consumer_count messages_unacknowledged " +
		"messages_uncommitted acks_uncommitted messages_unconfirmed prefetch_count global_prefetch_count state node")
}

// list shows a list of the API with these columns.
func (c *call) list(path string, columns ...string) error {
	var rows []object
	if err := c.get(path, &rows); err != nil {
		return err
	}
	return c.show(columns, rows)
}

// columns shows a list with the columns of the arguments, or the usual ones.
func (c *call) columns(path string, usual ...string) error {
	rows, err := c.rows(path)
	if err != nil {
		return err
	}
	return c.chosen(rows, usual...)
}

// rows reads a list.
func (c *call) rows(path string) ([]object, error) {
	var rows []object
	err := c.get(path, &rows)
	if missing(err) {
		return nil, nil // nothing is in a virtual host that is not there (RabbitMQ behaviour)
	}
	for _, row := range rows {
		if row["pid"] == nil { // what is a process in Erlang is its name here
			row["pid"] = row["name"]
		}
	}
	return rows, err
}

// chosen shows the columns of the arguments, or the usual ones.
func (c *call) chosen(rows []object, usual ...string) error {
	if len(c.args) > 0 {
		usual = c.args
	}
	return c.show(usual, rows)
}

// listQueues lists no queue as offline: all are where the broker is.
func (c *call) listQueues() error {
	rows, err := c.rows(at("queues", c.options.vhost))
	if err != nil {
		return err
	}
	if c.options.offline {
		rows = nil
	}
	for _, row := range rows {
		if row["leader"] == nil { // of a queue with one replica it is the node
			row["leader"], row["members"] = row["node"], []any{row["node"]}
		}
	}
	return c.chosen(rows, "name", "messages")
}

func listBindings(c *call) error {
	rows, err := c.rows(at("bindings", c.options.vhost))
	if err != nil {
		return err
	}
	for _, row := range rows {
		row["source_name"], row["source_kind"] = row["source"], "exchange"
		row["destination_name"], row["destination_kind"] = row["destination"], row["destination_type"]
	}
	return c.chosen(rows, strings.Fields("source_name source_kind destination_name destination_kind routing_key arguments")...)
}

func listConsumers(c *call) error {
	rows, err := c.rows(at("consumers", c.options.vhost))
	if err != nil {
		return err
	}
	for _, row := range rows {
		if q, ok := row["queue"].(object); ok {
			row["queue_name"] = q["name"]
		}
		if ch, ok := row["channel_details"].(object); ok {
			row["channel_pid"] = ch["name"]
		}
	}
	return c.chosen(rows, strings.Fields("queue_name channel_pid consumer_tag ack_required prefetch_count active arguments")...)
}

func deletingQueue(c *call) string {
	var conditions []string
	if c.options.ifEmpty {
		conditions = append(conditions, "if queue is empty ")
	}
	if c.options.ifUnused {
		conditions = append(conditions, "if queue is unused ")
	}
	return fmt.Sprintf("Deleting queue '%s' on vhost '%s' %s...", c.args[0], c.options.vhost, strings.Join(conditions, "and "))
}

func deleteQueue(c *call) error {
	query := url.Values{}
	if c.options.ifEmpty {
		query.Set("if-empty", "true")
	}
	if c.options.ifUnused {
		query.Set("if-unused", "true")
	}
	path := at("queues", c.options.vhost, c.args[0])
	var q object
	err := c.get(path, &q)
	if err == nil {
		err = c.do(http.MethodDelete, path+"?"+query.Encode(), nil, nil)
	}
	if missing(err) {
		return &failure{usageError, "Queue not found"}
	}
	if err == nil && c.announces() {
		c.say("Queue was successfully deleted with %s ready messages", term(q["messages_ready"]))
	}
	return err
}

func closeAll(c *call) error {
	path := at("vhosts", c.options.vhost, "connections")
	if c.options.global {
		path = at("connections")
	}
	connections, err := c.rows(path)
	if err != nil {
		return err
	}
	for _, one := range connections {
		if err := c.dropIfThere(at("connections", term(one["name"]))); err != nil {
			return err
		}
	}
	c.say("Closed %d connections", len(connections))
	return nil
}
