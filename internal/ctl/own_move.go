package ctl

import (
	"fmt"
	"net/http"
)

// moveSlice is how long one request of a move takes, in milliseconds: so often the bar
// moves, and so soon the command ends when it is interrupted.
const moveSlice = 500

// moved is what one request has moved.
type moved struct {
	Moved     int64
	Octets    int64
	Remaining int64
	Stopped   string
}

// moveMessages moves what is in a queue at the beginning, or less. It ends after the
// request under way when it is interrupted, so that no message is in both places.
func moveMessages(c *call) error {
	order, err := c.moveOrder()
	if err != nil {
		return err
	}
	var source struct {
		Ready int64 `json:"messages_ready"`
	}
	path := at("queues", c.options.vhost, c.args[0])
	if err := c.get(path, &source); missing(err) {
		return &failure{dataError, fmt.Sprintf("there is no queue '%s' in vhost '%s'", c.args[0], c.options.vhost)}
	} else if err != nil {
		return err
	}
	wanted := source.Ready
	if count := int64(c.options.own.count); count > 0 {
		wanted = min(wanted, count)
	}
	ctx, stop := c.interruptible()
	defer stop()
	bar := c.progress("moving", wanted)
	var total moved
	for first := true; err == nil && ctx.Err() == nil && (first || total.Moved < wanted); first = false {
		var step moved
		order["count"] = wanted - total.Moved
		if err = c.do(http.MethodPost, path+"/move", order, &step); err != nil {
			break
		}
		total.Moved += step.Moved
		total.Octets += step.Octets
		bar.at(total.Moved)
		if err = step.problem(wanted - total.Moved); step.Moved == 0 {
			break
		}
	}
	bar.end()
	if err == nil && ctx.Err() != nil && total.Moved < wanted {
		err = &failure{interrupted, "interrupted"}
	}
	return c.tellMoved(total, wanted, err)
}

// moveOrder is the body of the requests.
func (c *call) moveOrder() (object, error) {
	o := &c.options.own
	order := object{"milliseconds": moveSlice}
	switch {
	case o.exchange.set && len(c.args) == 2:
		return nil, &failure{usageError, "either a destination queue or --exchange has to be named, not both"}
	case o.exchange.set:
		order["exchange"] = o.exchange.value
	case len(c.args) == 2:
		order["queue"] = c.args[1]
	default:
		return nil, &failure{usageError, "a destination queue or --exchange has to be named"}
	}
	if o.exchange.value == "" && o.exchange.set {
		order["exchange"] = "amq.default"
	}
	if o.routingKey.set {
		if !o.exchange.set {
			return nil, &failure{usageError, "--routing-key is for --exchange"}
		}
		order["routing_key"] = o.routingKey.value
	}
	if o.toVHost.set {
		order["vhost"] = o.toVHost.value
	}
	return order, nil
}

// problem is why the messages that are missing cannot be moved.
func (m moved) problem(missing int64) error {
	switch {
	case m.Stopped != "":
		return &failure{dataError, m.Stopped}
	case m.Moved == 0 && m.Remaining > 0 && missing > 0:
		return &failure{unavailable, "the queue gives no messages out: it may be paused"}
	default:
		return nil
	}
}

// tellMoved tells what was moved, and what was in the way of the rest.
func (c *call) tellMoved(total moved, wanted int64, err error) error {
	if c.options.formatter != formatTable {
		if err := c.show([]string{"moved", "octets"}, []object{{"moved": total.Moved, "octets": total.Octets}}); err != nil {
			return err
		}
	} else if !c.options.quiet && !c.options.silent {
		c.say("Moved %d messages (%d octets)", total.Moved, total.Octets)
	}
	if err == nil || wanted == 0 {
		return err
	}
	return &failure{statusOf(err), fmt.Sprintf("%d of %d messages were moved: %v", total.Moved, wanted, err)}
}
