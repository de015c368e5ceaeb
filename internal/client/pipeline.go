package client

import "github.com/leveretmq/leveret/amqp"

// pipelined is how many requests are on their way at once. Their answers have
// to fit the buffers of the sockets.
const pipelined = 256

// RequestMany sends n methods, many at a time, and waits for the answer of each.
// The method of a number, from zero, is asked for once and in order.
func (c *Client) RequestMany(n int, method func(number int) (channel uint16, m amqp.Method), answer amqp.MethodID) error {
	var out []byte
	for first := 0; first < n; first += pipelined {
		last := min(n, first+pipelined)
		out = out[:0]
		for number := first; number < last; number++ {
			channel, m := method(number)
			out = amqp.AppendMethod(out, channel, m)
		}
		if err := c.Write(out); err != nil {
			return err
		}
		for range last - first {
			if err := c.expect(answer); err != nil {
				return err
			}
		}
	}
	return nil
}
