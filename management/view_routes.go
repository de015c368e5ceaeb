package management

import "slices"

// viewRoutes are about what the broker is doing, and about what AMQP clients could do
// as well.
func viewRoutes() []route {
	return slices.Concat(nodeRoutes(), connectionRoutes(), exchangeRoutes(), queueRoutes(), moveRoutes(), bindingRoutes())
}

func nodeRoutes() []route {
	return []route{
		{method: get, pattern: "/api/overview", tag: anyone, handle: (*API).overview,
			summary: "versions, totals and rates of everything"},
		{method: get, pattern: "/api/nodes", tag: monitoring, handle: (*API).listNodes,
			summary: "the nodes: there is one"},
		{method: get, pattern: "/api/nodes/{node}", tag: monitoring, handle: (*API).showNode,
			summary: "a node; with ?memory=true what it uses memory for"},
		{method: get, pattern: "/api/nodes/{node}/memory", tag: monitoring, handle: (*API).nodeMemory,
			summary: "what a node uses memory for, in octets"},
		{method: get, pattern: "/api/nodes/{node}/memory/relative", tag: monitoring, handle: (*API).relativeMemory,
			summary: "what a node uses memory for, in percent"},
	}
}

func connectionRoutes() []route {
	return []route{
		{method: get, pattern: "/api/connections", paged: true, tag: anyone, handle: (*API).listConnections,
			summary: "the open connections: the caller's own, or all for those who watch"},
		{method: get, pattern: "/api/connections/{connection}", tag: anyone, handle: (*API).showConnection,
			summary: "a connection"},
		{method: del, pattern: "/api/connections/{connection}", deed: "connection.close", tag: anyone, handle: (*API).closeConnection,
			summary: "closes a connection; the header X-Reason is told to its client"},
		{method: get, pattern: "/api/connections/{connection}/channels", tag: anyone, handle: (*API).connectionChannels,
			summary: "the channels of a connection"},
		{method: get, pattern: "/api/connections/username/{username}", paged: true, tag: anyone, handle: (*API).userConnections,
			summary: "the connections of a user"},
		{method: del, pattern: "/api/connections/username/{username}", deed: "connection.close", tag: anyone, handle: (*API).closeUserConnections,
			summary: "closes all connections of a user"},
		{method: get, pattern: "/api/vhosts/{vhost}/connections", tag: anyone, rule: enter, handle: (*API).listConnections,
			summary: "the connections to a virtual host"},
		{method: get, pattern: "/api/channels", paged: true, tag: anyone, handle: (*API).listChannels,
			summary: "the open channels"},
		{method: get, pattern: "/api/channels/{channel}", tag: anyone, handle: (*API).showChannel,
			summary: "a channel with its consumers"},
		{method: get, pattern: "/api/vhosts/{vhost}/channels", tag: anyone, rule: enter, handle: (*API).listChannels,
			summary: "the channels of a virtual host"},
		{method: get, pattern: "/api/consumers", tag: anyone, handle: (*API).listConsumers,
			summary: "the consumers"},
		{method: get, pattern: "/api/consumers/{vhost}", tag: anyone, rule: exists, handle: (*API).listConsumers,
			summary: "the consumers in a virtual host"},
	}
}

func exchangeRoutes() []route {
	return []route{
		{method: get, pattern: "/api/exchanges", paged: true, tag: anyone, handle: (*API).listExchanges,
			summary: "the exchanges"},
		{method: get, pattern: "/api/exchanges/{vhost}", paged: true, tag: anyone, rule: enter, handle: (*API).listExchanges,
			summary: "the exchanges of a virtual host"},
		{method: get, pattern: "/api/exchanges/{vhost}/{exchange}", tag: anyone, rule: enter, handle: (*API).showExchange,
			summary: "an exchange; amq.default is the default one"},
		{method: set, pattern: "/api/exchanges/{vhost}/{exchange}", deed: "exchange.declare", tag: anyone, rule: enter, handle: (*API).putExchange,
			summary: "declares an exchange"},
		{method: del, pattern: "/api/exchanges/{vhost}/{exchange}", deed: "exchange.delete", tag: anyone, rule: enter, handle: (*API).deleteExchange,
			summary: "deletes an exchange, or not with ?if-unused=true"},
		{method: post, pattern: "/api/exchanges/{vhost}/{exchange}/publish", deed: "message.publish", tag: anyone, rule: enter, handle: (*API).publish,
			summary: "publishes a message"},
		{method: get, pattern: "/api/exchanges/{vhost}/{exchange}/bindings/source", tag: anyone, rule: enter,
			handle: (*API).bindingsFrom, summary: "the bindings from an exchange"},
		{method: get, pattern: "/api/exchanges/{vhost}/{exchange}/bindings/destination", tag: anyone, rule: enter,
			handle: (*API).bindingsTo, summary: "the bindings to an exchange"},
	}
}

func queueRoutes() []route {
	return []route{
		{method: get, pattern: "/api/queues", paged: true, tag: anyone, handle: (*API).listQueues,
			summary: "the queues; with ?disable_stats=true without numbers"},
		{method: get, pattern: "/api/queues/detailed", paged: true, tag: anyone, handle: (*API).listQueues,
			summary: "the queues, with all columns"},
		{method: get, pattern: "/api/queues/{vhost}", paged: true, tag: anyone, rule: enter, handle: (*API).listQueues,
			summary: "the queues of a virtual host"},
		{method: get, pattern: "/api/queues/{vhost}/{queue}", tag: anyone, rule: enter, handle: (*API).showQueue,
			summary: "a queue with its consumers"},
		{method: set, pattern: "/api/queues/{vhost}/{queue}", deed: "queue.declare", tag: anyone, rule: enter, handle: (*API).putQueue,
			summary: "declares a queue"},
		{method: del, pattern: "/api/queues/{vhost}/{queue}", deed: "queue.delete", tag: anyone, rule: enter, handle: (*API).deleteQueue,
			summary: "deletes a queue, or not with ?if-unused=true or ?if-empty=true"},
		{method: get, pattern: "/api/queues/{vhost}/{queue}/bindings", tag: anyone, rule: enter, handle: (*API).queueBindings,
			summary: "the bindings to a queue"},
		{method: del, pattern: "/api/queues/{vhost}/{queue}/contents", deed: "queue.purge", tag: anyone, rule: enter, handle: (*API).purgeQueue,
			summary: "drops the messages of a queue that no client has"},
		{method: post, pattern: "/api/queues/{vhost}/{queue}/get", deed: "message.get", tag: anyone, rule: enter, handle: (*API).getMessages,
			summary: "fetches messages from a queue"},
		{method: post, pattern: "/api/queues/{vhost}/{queue}/actions", deed: "queue.action", tag: administrator, rule: exists, handle: (*API).actOnQueue,
			summary: "pauses a queue or lets it go on"},
		{method: get, pattern: "/api/queues/quorum/{vhost}/{queue}/status", tag: anyone, rule: enter, handle: (*API).quorumStatus,
			summary: "the members of a quorum queue: there is one"},
	}
}

func bindingRoutes() []route {
	return []route{
		{method: get, pattern: "/api/bindings", tag: anyone, handle: (*API).listBindings,
			summary: "the bindings"},
		{method: get, pattern: "/api/bindings/{vhost}", tag: anyone, rule: enter, handle: (*API).listBindings,
			summary: "the bindings of a virtual host"},
		{method: get, pattern: "/api/bindings/{vhost}/e/{source}/{type}/{destination}", tag: anyone, rule: enter,
			handle: (*API).bindingsBetween, summary: "the bindings from an exchange to a queue (type q) or an exchange (e)"},
		{method: post, pattern: "/api/bindings/{vhost}/e/{source}/{type}/{destination}", deed: "binding.create", tag: anyone, rule: enter,
			handle: (*API).bind, summary: "makes a binding; Location is its path"},
		{method: get, pattern: "/api/bindings/{vhost}/e/{source}/{type}/{destination}/{props}", tag: anyone, rule: enter,
			handle: (*API).showBinding, summary: "a binding, by its properties_key"},
		{method: del, pattern: "/api/bindings/{vhost}/e/{source}/{type}/{destination}/{props}", deed: "binding.delete", tag: anyone, rule: enter,
			handle: (*API).unbind, summary: "removes a binding"},
	}
}
