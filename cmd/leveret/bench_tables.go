package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/leveretmq/leveret/amqp"
	"github.com/leveretmq/leveret/internal/bench"
)

func (f *benchFlags) parseTables(o *bench.Options) error {
	var failed [3]error
	o.QueueArguments, failed[0] = parseTable("--queue-args", f.queueArgs)
	o.ConsumerArguments, failed[1] = parseTable("--consumer-args", f.consumerArgs)
	o.Properties, failed[2] = parseProperties(f.properties)
	return errors.Join(failed[:]...)
}

// parseTable reads key=value,key=value. Whole numbers become
// numbers, true and false become bools.
func parseTable(flag, text string) (amqp.Table, error) {
	if text == "" {
		return nil, nil
	}
	var table amqp.Table
	for pair := range strings.SplitSeq(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%s %s: it is key=value,key=value", flag, text)
		}
		table = append(table, amqp.Field{Key: key, Value: fieldValue(value)})
	}
	return table, nil
}

// fieldValue gives a text the type that it looks like.
func fieldValue(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}

// parseProperties reads properties by PerfTest's names; what is none of them is
// a header.
func parseProperties(text string) (amqp.PropertyList, error) {
	const flag = "--message-properties"
	var list amqp.PropertyList
	table, err := parseTable(flag, text)
	if err != nil {
		return list, err
	}
	for _, field := range table {
		value := fmt.Sprint(field.Value)
		if known, err := setProperty(&list, field.Key, value); err != nil {
			return list, fmt.Errorf("%s %s=%s: %w", flag, field.Key, value, err)
		} else if !known {
			list.Headers = append(list.Headers, field)
		}
	}
	return list, nil
}

// setProperty says whether the key is that of a property.
func setProperty(list *amqp.PropertyList, key, value string) (known bool, err error) {
	texts := map[string]*string{
		"contentType": &list.ContentType, "contentEncoding": &list.ContentEncoding, "correlationId": &list.CorrelationID,
		"replyTo": &list.ReplyTo, "expiration": &list.Expiration, "messageId": &list.MessageID, "type": &list.Type,
		"userId": &list.UserID, "appId": &list.AppID, "clusterId": &list.ClusterID,
	}
	if place, ok := texts[key]; ok {
		*place = value
		return true, nil
	}
	octets := map[string]*uint8{"deliveryMode": &list.DeliveryMode, "priority": &list.Priority}
	if place, ok := octets[key]; ok {
		n, err := strconv.ParseUint(value, 10, 8)
		*place = uint8(n)
		return true, err
	}
	if key == "timestamp" {
		at, err := time.Parse(time.RFC3339, value)
		list.Timestamp = uint64(max(0, at.Unix()))
		return true, err
	}
	return false, nil
}
