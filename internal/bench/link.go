package bench

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/client"
)

// link is a connection with the goroutine that reads it.
type link struct {
	client   *client.Client
	clock    clock
	channels []*slot       // by number; the first is channel 1
	touched  []*slot       // by what the last read brought
	torn     atomic.Bool   // a write was broken off
	ended    chan struct{} // closed when the reader has ended
}

// slot is a channel of a link.
type slot struct {
	receiver receiver
	touched  bool
}

// receiver takes what a channel receives. All of its methods are called by the
// goroutine that reads the connection.
type receiver interface {
	// take is given the next frame. It is valid during the call.
	take(f amqp.Frame, now int64) error
	// flush is called when everything that one read has brought was taken.
	flush(now int64) error
}

// closeLimit is how long a broker may take to answer the close of a connection.
const closeLimit = 5 * time.Second

// errClosed says that the broker has answered our close.
var errClosed = errors.New("closed")

// add puts the receiver on the next channel. All channels have one before the
// link begins to read.
func (l *link) add(r receiver) { l.channels = append(l.channels, &slot{receiver: r}) }

// begin reads until the connection ends, and then tells what it ended by: nil
// if it was closed on purpose.
func (l *link) begin(told func(error)) {
	go func() {
		defer close(l.ended)
		err := l.read()
		if errors.Is(err, errClosed) || errors.Is(err, net.ErrClosed) {
			err = nil
		}
		told(err)
	}()
}

func (l *link) read() error {
	for {
		if err := l.client.Fill(); err != nil {
			return err
		}
		now := l.clock.now()
		for {
			f, ok, err := l.client.Next()
			if err != nil {
				return err
			}
			if !ok {
				break
			}
			if err := l.take(f, now); err != nil {
				return err
			}
		}
		for _, s := range l.touched {
			s.touched = false
			if err := s.receiver.flush(now); err != nil {
				return err
			}
		}
		l.touched = l.touched[:0]
	}
}

func (l *link) take(f amqp.Frame, now int64) error {
	if f.Channel == 0 {
		return l.control(f)
	}
	if int(f.Channel) > len(l.channels) {
		return fmt.Errorf("the broker sent a frame for channel %d, which is not open", f.Channel)
	}
	s := l.channels[f.Channel-1]
	if !s.touched {
		s.touched = true
		l.touched = append(l.touched, s)
	}
	return s.receiver.take(f, now)
}

// control takes a frame for the connection itself.
func (l *link) control(f amqp.Frame) error {
	if f.Type == amqp.FrameHeartbeat {
		return nil
	}
	switch id, _ := amqp.SplitMethod(f.Payload); id {
	case amqp.IDConnectionCloseOk:
		return errClosed
	case amqp.IDConnectionBlocked, amqp.IDConnectionUnblocked:
		return nil
	}
	return client.Unexpected(f, amqp.IDBasicDeliver)
}

// close says goodbye to the broker, which then gives back at once what was not
// acknowledged, closes the socket and waits for the reader. After a write that
// was broken off the broker would not understand a goodbye.
func (l *link) close() {
	if !l.torn.Load() && l.goodbye() == nil {
		select {
		case <-l.ended:
		case <-time.After(closeLimit):
		}
	}
	// Whatever it says, the connection is over.
	_ = l.client.Close()
	<-l.ended
}

func (l *link) goodbye() error {
	if err := l.client.ResumeWriting(closeLimit); err != nil {
		return err
	}
	bye := &amqp.ConnectionClose{ReplyCode: uint16(amqp.CodeReplySuccess), ReplyText: "bye"}
	return l.client.Write(amqp.AppendMethod(nil, 0, bye))
}
