package main

// extensions are the classes of RabbitMQ that the XML lacks. The class access
// comes from AMQP 0-8: old clients still ask for a ticket, and RabbitMQ
// answers 1.
var extensions = []class{{
	Name: "access", Index: 30,
	Methods: []method{{
		Name: "request", Index: 10,
		Fields: []field{
			{Name: "realm", Type: "shortstr"},
			{Name: "exclusive", Type: "bit"},
			{Name: "passive", Type: "bit"},
			{Name: "active", Type: "bit"},
			{Name: "write", Type: "bit"},
			{Name: "read", Type: "bit"},
		},
	}, {
		Name: "request-ok", Index: 11,
		Fields: []field{{Name: "ticket", Type: "short"}},
	}},
}}

// renamed are fields whose spelling in the XML differs from that of the same
// field everywhere else.
var renamed = map[string]string{"nowait": "no-wait"}

// withOverlay adds the extensions and corrects the spelling.
func withOverlay(classes []class) []class {
	classes = append(classes, extensions...)
	for _, c := range classes {
		for _, m := range c.Methods {
			for i, f := range m.Fields {
				if name, ok := renamed[f.Name]; ok {
					m.Fields[i].Name = name
				}
			}
		}
	}
	return classes
}
