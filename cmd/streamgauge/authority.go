package main

import (
	"context"
	"errors"
	"io/fs"

	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/truststore"
	"streamgauge/ui/form"
)

// authority is our own certificate authority as the settings show it, kept in a
// directory.
type authority struct{ dir string }

// Status says whether it is there and who trusts it.
func (a authority) Status() (form.AuthorityStatus, error) {
	certificate, err := decrypt.ReadCertificate(a.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return form.AuthorityStatus{}, nil
	}
	if err != nil {
		return form.AuthorityStatus{}, err
	}
	status := form.AuthorityStatus{Exists: true, Path: decrypt.CertificatePath(a.dir), Expires: certificate.NotAfter}
	stores, err := a.stores()
	for _, store := range truststore.Having(context.Background(), stores, true) {
		status.Trusted = append(status.Trusted, store.String())
	}
	return status, err
}

// Create makes it.
func (a authority) Create() error {
	_, err := decrypt.Create(a.dir, nil)
	return err
}

// Install has the system and its browsers trust it.
func (a authority) Install(ctx context.Context) ([]string, error) {
	stores, err := a.stores()
	if err != nil {
		return nil, err
	}
	return truststore.Install(ctx, stores)
}

// Remove takes it out of every store and deletes its key, unless one refuses.
func (a authority) Remove(ctx context.Context) ([]string, error) {
	stores, err := a.stores()
	if err != nil {
		return nil, err
	}
	did, err := truststore.Remove(ctx, stores)
	if err != nil {
		return did, err
	}
	return did, decrypt.Destroy(a.dir)
}

func (a authority) stores() ([]truststore.Store, error) {
	certificate, err := decrypt.ReadCertificate(a.dir)
	if err != nil {
		return nil, err
	}
	return truststore.Here("pkexec").Stores(certificate, decrypt.CertificatePath(a.dir)), nil
}
