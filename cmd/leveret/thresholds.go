package main

import (
	"errors"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/management"
)

var _ management.Watermarks = (*node)(nil)

// SetMemoryWatermark changes what the broker may use, until the next start. Any amount is
// taken: people try the alarm out with one that is always exceeded (RabbitMQ behaviour).
func (n *node) SetMemoryWatermark(limit management.Watermark) error {
	octets, err := octetsOf(limit)
	if err == nil {
		n.memory.Store(max(octets, 1))
	}
	return err
}

// SetDiskFreeLimit changes how much of the disk has to be free, until the next start.
func (n *node) SetDiskFreeLimit(limit management.Watermark) error {
	octets, err := octetsOf(limit)
	if err == nil {
		n.store.SetDiskAlarm(octets)
	}
	return err
}

// octetsOf is the limit in octets; parts are of the memory.
func octetsOf(limit management.Watermark) (int64, error) {
	if limit.Absolute != "" {
		return configs.ParseSize(limit.Absolute)
	}
	total, err := memoryTotal()
	if err != nil && total == 0 {
		return 0, errors.Join(errors.New("the memory of this machine is not known: set an absolute amount"), err)
	}
	return configs.Watermark{Part: limit.Relative}.Of(total), nil
}
