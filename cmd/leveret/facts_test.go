package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/leveretmq/leveret/configs"
)

func TestOpenFiles(t *testing.T) {
	for text, want := range map[string]int64{
		"Max open files            1024                 4096                 files     \n": 1024,
		"Max open files            unlimited            unlimited            files     \n": 0,
		"Max open files": 0,
		"Max cpu time              unlimited            unlimited            seconds   \n": 0,
		"": 0,
	} {
		require.Equal(t, want, openFiles([]byte(text)), text)
	}
}

func TestListenersOf(t *testing.T) {
	listeners := listenersOf(configs.Config{
		AMQPListen: []string{":5672", "127.0.0.1:5673"}, TLSListen: []string{"[::1]:5671"},
		HTTPListen: "127.0.0.1:15672", HTTPSListen: configs.ListenNone, MetricsListen: configs.ListenNone,
	})
	var got []string
	for _, l := range listeners {
		got = append(got, l.Protocol+" "+l.Address.String())
	}
	require.Equal(t, []string{
		"amqp [::]:5672", "amqp 127.0.0.1:5673", "amqp/ssl [::1]:5671", "http 127.0.0.1:15672",
	}, got)
}

func TestDiskOctets(t *testing.T) {
	read, written := diskOctets([]byte("rchar: 6976\nwchar: 12\nread_bytes: 4096\nwrite_bytes: 81920\ncancelled_write_bytes: 7\n"))
	require.EqualValues(t, 4096, read)
	require.EqualValues(t, 81920, written)
	read, written = diskOctets([]byte("read_bytes\nwrite_bytes: many\n"))
	require.Zero(t, read+written)
}
