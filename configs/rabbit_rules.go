package configs

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// rules are the keys of RabbitMQ that have an effect. A later key of the same
// meaning is an alias of newer versions.
func rules() []rule {
	return slices.Concat(listenRules(), limitRules(), memoryRules(), queueRules(), tlsRules(), webRules(), logRules(), userRules())
}

func listenRules() []rule {
	return []rule{
		{"listeners.tcp", keyListen, noListener(keyListen)},
		{"listeners.tcp.*", keyListen, listener(keyListen)},
		{"listeners.ssl", keyListenTLS, noListener(keyListenTLS)},
		{"listeners.ssl.*", keyListenTLS, listener(keyListenTLS)},
		{"proxy_protocol", "proxy-protocol-from", takeProxyProtocol},
		{"nodename", keyNode, takeNodeName},
		{"cluster_name", "cluster-name", plain("cluster-name")},
		{"event_exchange.vhost", "event-exchange", plain("event-exchange")},
	}
}

func limitRules() []rule {
	return []rule{
		{"heartbeat", "heartbeat", plain("heartbeat")},
		{"frame_max", "frame-max", zeroOrRaised("frame-max", frameFloor)},
		{"initial_frame_max", "initial-frame-max", raised("initial-frame-max", frameFloor)},
		{"channel_max", "channel-max", lowered("channel-max", 65535)},
		{"max_channels_per_connection", "channel-max", lowered("channel-max", 65535)},
		{"connection_max", "max-connections", limited("max-connections")},
		{"channel_max_per_node", "max-channels", limited("max-channels")},
		{"cluster_queue_limit", "max-queues", limited("max-queues")},
		{"cluster_exchange_limit", "max-exchanges", limited("max-exchanges")},
		{"vhost_max", "max-vhosts", limited("max-vhosts")},
		{"max_connections", "max-connections", limited("max-connections")},
		{"consumer_max_per_channel", "max-consumers-per-channel", limited("max-consumers-per-channel")},
		{"max_message_size", "max-message-size", lowered("max-message-size", messageCeiling)},
		{"handshake_timeout", "handshake-timeout", milliseconds("handshake-timeout", handshakeCeiling)},
		{"consumer_timeout", "consumer-timeout", milliseconds("consumer-timeout", 0)},
	}
}

func memoryRules() []rule {
	return []rule{
		{"vm_memory_high_watermark.relative", "memory-high-watermark", takeRelativeWatermark},
		{"vm_memory_high_watermark.absolute", "memory-high-watermark", raised("memory-high-watermark", watermarkFloor)},
		{"disk_free_limit.absolute", "disk-free-limit", raised("disk-free-limit", freeFloor)},
		{"disk_free_limit.relative", "disk-free-limit", func(*translation, given) (string, error) {
			return "", miss("the limit is an amount of octets here: give disk_free_limit.absolute")
		}},
	}
}

func queueRules() []rule {
	relaxed := "quorum_queue.property_equivalence.relaxed_checks_on_redeclaration"
	return []rule{
		{"default_queue_type", "default-queue-type", takeQueueType},
		{"queue_types.*.enabled", "disabled-queue-types", takeQueueTypeEnabled},
		{relaxed, "relaxed-queue-types", truth("relaxed-queue-types")},
	}
}

// The keys of ours that more than one rule fills.
const (
	keyListen    = "amqp-listen"
	keyListenTLS = "tls-listen"
	keyNode      = "node-name"
)

// plain hands the value on as it is.
func plain(ours string) taker {
	return func(t *translation, g given) (string, error) {
		t.set(ours, g.value, g)
		return "", nil
	}
}

func truth(ours string) taker {
	return func(t *translation, g given) (string, error) {
		on, err := asTruth(g.value)
		if err == nil {
			t.set(ours, on, g)
		}
		return "", err
	}
}

// asTruth takes RabbitMQ's spellings of yes and no.
func asTruth(text string) (bool, error) {
	switch text {
	case "true", "on", "yes":
		return true, nil
	case "false", "off", "no":
		return false, nil
	}
	return false, errors.New("it must be true or false")
}

// limited takes a number or infinity. RabbitMQ's 0 admits none, ours any.
func limited(ours string) taker {
	return func(t *translation, g given) (string, error) {
		switch g.value {
		case "infinity":
			t.set(ours, "0", g)
			return "", nil
		case "0":
			return "", ignore("0 would mean that there can be none")
		}
		t.set(ours, g.value, g)
		return "", nil
	}
}

// milliseconds takes a time, or infinity for the longest that we know.
func milliseconds(ours string, most time.Duration) taker {
	return func(t *translation, g given) (string, error) {
		if g.value == "infinity" || g.value == "undefined" {
			t.set(ours, most.String(), g)
			return "", nil
		}
		if _, err := strconv.ParseUint(g.value, 10, 63); err != nil {
			return "", errors.New("it must be a number of milliseconds")
		}
		t.set(ours, g.value+"ms", g)
		return "", nil
	}
}

// raised takes a size, and the least that we allow instead of less.
func raised(ours string, least int64) taker {
	return bounded(ours, func(n int64) int64 { return max(n, least) })
}

func zeroOrRaised(ours string, least int64) taker {
	return bounded(ours, func(n int64) int64 {
		if n == 0 {
			return 0
		}
		return max(n, least)
	})
}

func lowered(ours string, most int64) taker {
	return bounded(ours, func(n int64) int64 { return min(n, most) })
}

// bounded takes a size and tells if another one is used.
func bounded(ours string, bound func(int64) int64) taker {
	return func(t *translation, g given) (string, error) {
		n, err := asSize(g.value)
		if err != nil {
			return "", err
		}
		used := bound(n)
		t.set(ours, strconv.FormatInt(used, 10), g)
		if used != n {
			return fmt.Sprintf("%d is used, the nearest that is possible", used), nil
		}
		return "", nil
	}
}

func noListener(ours string) taker {
	return func(t *translation, g given) (string, error) {
		if g.value != "none" {
			return "", errors.New("it must be none, or have a name: listeners.tcp.default")
		}
		t.set(ours, []string{}, g)
		return "", nil
	}
}

// listener takes a port, or an address with one. None at all goes before it.
func listener(ours string) taker {
	return func(t *translation, g given) (string, error) {
		if list, given := t.values[ours].value.([]string); given && len(list) == 0 {
			return "", ignore("there is to be no such listener")
		}
		t.add(ours, toAddress(g.value), g)
		return "", nil
	}
}

// toAddress makes host:port of a port, or of RabbitMQ's address with a port.
func toAddress(text string) string {
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return ":" + text
	}
	return net.JoinHostPort(strings.Trim(text[:i], "[]"), text[i+1:])
}

func takeProxyProtocol(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	if err != nil || !on {
		return "", err
	}
	t.set("proxy-protocol-from", []string{"0.0.0.0/0", "::/0"}, g)
	return "any address may be a proxy: proxy-protocol-from can name their networks", nil
}

// takeNodeName completes a name without a host.
func takeNodeName(t *translation, g given) (string, error) {
	name := g.value
	if !strings.Contains(name, "@") {
		name += "@" + hostName()
	}
	t.set(keyNode, name, g)
	return "", nil
}

// takeRelativeWatermark leaves the absolute one alone, which goes before it.
func takeRelativeWatermark(t *translation, g given) (string, error) {
	if _, given := t.values["memory-high-watermark"]; given {
		return "", ignore("vm_memory_high_watermark.absolute goes before it")
	}
	part, err := strconv.ParseFloat(g.value, 64)
	switch {
	case err != nil || part < 0:
		return "", errors.New("it must be a part of the memory, such as 0.6")
	case part == 0:
		return "", ignore("0 would block publishers for ever: use rabbitmqctl set_vm_memory_high_watermark for a moment")
	case part > 1:
		t.set("memory-high-watermark", "1.0", g)
		return "1.0 is used, the nearest that is possible", nil
	}
	t.set("memory-high-watermark", g.value, g)
	return "", nil
}

func takeQueueType(t *translation, g given) (string, error) {
	kind := strings.TrimPrefix(g.value, "rabbit_")
	if kind = strings.TrimSuffix(kind, "_queue"); kind == QueueStream {
		return "", miss("stream cannot be the default type here")
	}
	t.set("default-queue-type", kind, g)
	return "", nil
}

func takeQueueTypeEnabled(t *translation, g given) (string, error) {
	on, err := asTruth(g.value)
	if err == nil && !on {
		t.add("disabled-queue-types", g.key[1], g)
	}
	return "", err
}

// finish makes values of what several keys say together.
func (t *translation) finish() {
	t.finishUser()
	t.finishLogin()
	t.finishWeb()
	t.finishLogs()
	if t.node.from.from != "" {
		t.set(keyListen, []string{net.JoinHostPort(t.node.ip, cmp.Or(t.node.port, "5672"))}, t.node.from)
	}
}
