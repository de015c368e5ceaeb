package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/management"
)

// effective is the configuration as a file could have it, but for passwords: a line for
// each key.
func effective(config configs.Config) []byte {
	var out bytes.Buffer
	values := reflect.ValueOf(config)
	for _, field := range reflect.VisibleFields(values.Type()) {
		key := field.Tag.Get("key")
		if key == "" {
			continue
		}
		value := values.FieldByIndex(field.Index).Interface()
		if d, ok := value.(time.Duration); ok {
			value = d.String()
		}
		text, err := json.Marshal(value) // which is YAML as well
		if err != nil {
			text = []byte("# " + err.Error())
		}
		fmt.Fprintf(&out, "%s: %s\n", key, text)
	}
	return out.Bytes()
}

// certificates tells when those that clients are shown end. Files that cannot be read
// have none: the log has said so when they were to be used.
func certificates(config configs.Config) []management.Certificate {
	var list []management.Certificate
	for _, file := range config.TLSCertificates {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
			if c, err := x509.ParseCertificate(block.Bytes); err == nil {
				list = append(list, management.Certificate{File: file, NotAfter: c.NotAfter})
			}
		}
	}
	return list
}
