package main

import (
	"os"
	"slices"
	"strings"

	"streamgauge/tunnel/decrypt"
)

// authority is the certificate authority in use; its zero value is none.
type authority struct {
	dir string
	*decrypt.Authority
}

// authority returns the authority that opens the hosts listed, made now if there
// is none.
func (o *options) authority() (authority, error) {
	if len(o.settings.Decrypt) == 0 {
		return authority{}, nil
	}
	dir, err := authorityDir(o.file)
	if err != nil {
		return authority{}, err
	}
	a, created, err := decrypt.LoadOrCreate(dir)
	if err != nil {
		return authority{}, err
	}
	if created {
		tellCreated(a, dir)
		if o.fs.Name() != "run" { // which tells its command to trust it
			say(os.Stderr, o.fs.Name(), "programs do not trust it yet", "sgauge ca env, or sgauge ca install")
		}
	}
	return authority{dir, a}, nil
}

// environment returns environ with the variables that make a command trust the
// authority, in place of those that would keep it from that.
func (a authority) environment(environ []string) ([]string, error) {
	if a.Authority == nil {
		return environ, nil
	}
	variables, err := authorityVariables(a.Authority, a.dir)
	if err != nil {
		return nil, err
	}
	for _, v := range variables {
		environ = slices.DeleteFunc(slices.Clone(environ), func(entry string) bool { return strings.HasPrefix(entry, v.Name+"=") })
		environ = append(environ, v.Name+"="+v.Value)
	}
	return environ, nil
}
