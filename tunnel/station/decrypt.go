package station

import (
	"errors"
	"fmt"

	"streamgauge/settings"
	"streamgauge/tunnel/decrypt"
	"streamgauge/tunnel/proxy"
)

// errNoAuthorityDir means that hosts are listed and that there is no place for
// an authority.
var errNoAuthorityDir = errors.New("open the listed hosts: no directory for a certificate authority")

// decryption is which tunnels are opened by s. The authority is made when the
// first host is listed, and not before.
func (st *Station) decryption(s settings.Settings) (proxy.Decrypt, error) {
	if len(s.Decrypt) == 0 {
		return proxy.Decrypt{}, nil
	}
	if st.cfg.AuthorityDir == "" {
		return proxy.Decrypt{}, errNoAuthorityDir
	}
	hosts, err := decrypt.ParseHosts(s.Decrypt)
	if err != nil {
		return proxy.Decrypt{}, fmt.Errorf("setting decrypt: %w", err)
	}
	authority, _, err := decrypt.LoadOrCreate(st.cfg.AuthorityDir)
	return proxy.Decrypt{Authority: authority, Hosts: hosts}, err
}
