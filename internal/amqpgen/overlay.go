package main

// extensions are the classes of RabbitMQ that the XML lacks. The class access
// comes from AMQP 0-8: old clients still ask for a ticket, and RabbitMQ
// answers 1.
func extensions() []class {
	request := method{
		Name: "request", Index: 10,
		Fields: []field{
			{Name: "realm", Type: "shortstr"},
			{Name: "exclusive", Type: "bit"},
			{Name: "passive", Type: "bit"},
			{Name: "active", Type: "bit"},
			{Name: "write", Type: "bit"},
			{Name: "read", Type: "bit"},
		},
	}
	requestOk := method{
		Name: "request-ok", Index: 11,
		Fields: []field{{Name: "ticket", Type: "short"}},
	}
	return []class{{Name: "access", Index: 30, Methods: []method{request, requestOk}}}
}

// octetsOfMessages is the type of a message's exchange and routing key: unlike
// other names they may be any octets (RabbitMQ behaviour).
const octetsOfMessages = "shortstr of any octets"

// withOverlay adds the extensions, and gives the one field that the XML spells
// differently, confirm.select{nowait}, the name that it has everywhere else.
func withOverlay(classes []class) []class {
	classes = append(classes, extensions()...)
	for _, c := range classes {
		for _, m := range c.Methods {
			for i := range m.Fields {
				overlay(c, &m.Fields[i])
			}
		}
	}
	return classes
}

func overlay(c class, f *field) {
	switch {
	case f.Name == "nowait":
		f.Name = "no-wait"
	case c.Name == "basic" && (f.Name == "exchange" || f.Name == "routing-key"):
		f.Type = octetsOfMessages
	}
}
