package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// class is one class of the specification.
type class struct {
	Name    string   `xml:"name,attr"`
	Index   uint16   `xml:"index,attr"`
	Methods []method `xml:"method"`
}

// method is one method of a class.
type method struct {
	Name    string  `xml:"name,attr"`
	Index   uint16  `xml:"index,attr"`
	Content string  `xml:"content,attr"`
	Fields  []field `xml:"field"`
}

// field is one argument of a method. Type is one of the elementary types once
// the specification has been parsed.
type field struct {
	Name     string `xml:"name,attr"`
	Domain   string `xml:"domain,attr"`
	Type     string `xml:"type,attr"`
	Reserved string `xml:"reserved,attr"`
}

type document struct {
	Domains []struct {
		Name string `xml:"name,attr"`
		Type string `xml:"type,attr"`
	} `xml:"domain"`
	Classes []class `xml:"class"`
}

// parseSpec reads the XML and resolves the domains of all fields.
func parseSpec(raw []byte) ([]class, error) {
	var doc document
	if err := xml.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	types := make(map[string]string, len(doc.Domains))
	for _, d := range doc.Domains {
		types[d.Name] = d.Type
	}
	for _, c := range doc.Classes {
		for _, m := range c.Methods {
			if err := resolve(m.Fields, types); err != nil {
				return nil, fmt.Errorf("%s.%s: %w", c.Name, m.Name, err)
			}
		}
	}
	return doc.Classes, nil
}

// resolve replaces domains by elementary types.
func resolve(fields []field, types map[string]string) error {
	for i := range fields {
		f := &fields[i]
		if f.Type == "" {
			f.Type = types[f.Domain]
		}
		if f.wire().goType == "" {
			return fmt.Errorf("field %s has the unknown type %q", f.Name, f.Type)
		}
	}
	return nil
}

// goName is the CamelCase of a name of the specification.
func goName(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		if word == "id" {
			b.WriteString("ID")
			continue
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}
