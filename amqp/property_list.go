package amqp

// PropertyList is the decoded form of Properties, for messages that the broker
// makes itself and for showing them. A zero value means that the property is
// absent, unless Present names it.
type PropertyList struct {
	ContentType     string
	ContentEncoding string
	Headers         Table
	DeliveryMode    uint8
	Priority        uint8
	CorrelationID   string
	ReplyTo         string
	Expiration      string
	MessageID       string
	Timestamp       uint64
	Type            string
	UserID          string
	AppID           string
	ClusterID       string

	// Present are the flags of properties that are there though their value
	// is zero.
	Present uint16
}

// Encode makes properties of the list. Strings longer than MaxShortString are
// cut.
func (l PropertyList) Encode() Properties {
	p := make(Properties, flagsSize, 64)
	flags := uint16(0)
	for flag := FlagContentType; flag >= FlagClusterID; flag >>= 1 {
		if l.has(flag) {
			flags |= flag
			p = l.appendValue(p, flag)
		}
	}
	p[0], p[1] = uint8(flags>>8), uint8(flags)
	return p
}

// has reports whether a property is to be written.
func (l *PropertyList) has(flag uint16) bool {
	if l.Present&flag != 0 {
		return true
	}
	switch flag {
	case FlagHeaders:
		return l.Headers != nil
	case FlagDeliveryMode:
		return l.DeliveryMode != 0
	case FlagPriority:
		return l.Priority != 0
	case FlagTimestamp:
		return l.Timestamp != 0
	}
	return *l.text(flag) != ""
}

func (l *PropertyList) appendValue(dst []byte, flag uint16) []byte {
	switch flag {
	case FlagHeaders:
		return AppendTable(dst, l.Headers)
	case FlagDeliveryMode:
		return append(dst, l.DeliveryMode)
	case FlagPriority:
		return append(dst, l.Priority)
	case FlagTimestamp:
		return appendLonglong(dst, l.Timestamp)
	}
	return appendShortstr(dst, *l.text(flag))
}

// text is the place of a shortstr property.
func (l *PropertyList) text(flag uint16) *string {
	switch flag {
	case FlagContentType:
		return &l.ContentType
	case FlagContentEncoding:
		return &l.ContentEncoding
	case FlagCorrelationID:
		return &l.CorrelationID
	case FlagReplyTo:
		return &l.ReplyTo
	case FlagExpiration:
		return &l.Expiration
	case FlagMessageID:
		return &l.MessageID
	case FlagType:
		return &l.Type
	case FlagUserID:
		return &l.UserID
	case FlagAppID:
		return &l.AppID
	}
	return &l.ClusterID
}

// List decodes all properties. Present tells absent ones from zero values.
func (p Properties) List() PropertyList {
	l := PropertyList{
		Headers:      p.Headers(),
		DeliveryMode: p.DeliveryMode(),
		Present:      p.Flags() &^ undefinedFlags,
	}
	l.Priority, _ = p.Priority()
	l.Timestamp, _ = p.Timestamp()
	const notText = FlagHeaders | FlagDeliveryMode | FlagPriority | FlagTimestamp
	for rest := l.Present &^ notText; rest != 0; rest &^= highest(rest) {
		flag := highest(rest)
		*l.text(flag), _ = p.text(flag)
	}
	return l
}
