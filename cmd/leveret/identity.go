package main

import (
	"fmt"
	"log/slog"
	"reflect"

	"github.com/leveretmq/leveret/admin"
	"github.com/leveretmq/leveret/auth"
	"github.com/leveretmq/leveret/configs"
	"github.com/leveretmq/leveret/definitions"
	"github.com/leveretmq/leveret/persistence"
)

// openDirectory reads what is stored, and makes the directory of it and of what the
// configuration says about users and virtual hosts.
func openDirectory(store *persistence.Store, config configs.Config, log *slog.Logger) (definitions.Set, *auth.Directory, error) {
	stored, err := store.Definitions()
	if err != nil {
		return stored, nil, fmt.Errorf("reading definitions: %w", err)
	}
	directory, err := auth.NewDirectory(auth.DirectoryOptions{Logger: log, Hashing: hashing(config), MaxVHosts: config.MaxVHosts}, stored)
	if err != nil {
		return stored, nil, err
	}
	change, err := admin.Sow(directory, stored, seed(config))
	if err != nil {
		return stored, nil, err
	}
	if !change.Empty() {
		done := make(chan error, 1)
		store.Change(change, func(err error) { done <- err })
		if err := <-done; err != nil {
			return stored, nil, fmt.Errorf("storing users and virtual hosts: %w", err)
		}
	}
	known := directory.Definitions()
	stored.VHosts, stored.Users = known.VHosts, known.Users
	stored.Permissions, stored.TopicPermissions = known.Permissions, known.TopicPermissions
	return stored, directory, nil
}

// certificateName is what of a certificate is a user's name.
func certificateName(config configs.Config) auth.CertificateName {
	from := map[string]auth.CertificateSource{
		configs.LoginDistinguishedName: auth.DistinguishedName,
		configs.LoginCommonName:        auth.CommonName,
		configs.LoginDNSName:           auth.SubjectAltDNS,
		configs.LoginEmail:             auth.SubjectAltEmail,
		configs.LoginURI:               auth.SubjectAltURI,
		configs.LoginIP:                auth.SubjectAltIP,
	}
	return auth.CertificateName{From: from[config.CertificateLogin]}
}

// hashing is how new passwords are kept.
func hashing(config configs.Config) string {
	return map[string]string{
		configs.HashingSHA256:   auth.HashingSHA256,
		configs.HashingSHA512:   auth.HashingSHA512,
		configs.HashingArgon2id: auth.HashingArgon2id,
	}[config.PasswordHashing]
}

func seed(config configs.Config) admin.Seed {
	usual := configs.Default()
	s := admin.Seed{
		VHost: config.VHost, KeepVHost: config.VHost != usual.VHost && !config.UsersOnce,
		KeepUsers: !reflect.DeepEqual(config.Users, usual.Users) && !config.UsersOnce,
		Elsewhere: config.LoadDefinitions != "",
	}
	for _, u := range config.Users {
		s.Users = append(s.Users, admin.SeedUser{Name: u.Name, Password: string(u.Password), Tags: u.Tags})
	}
	return s
}
