package snippet

import (
	"slices"
	"strings"
)

// AuthorityVariables make programs trust an authority. certificate holds it
// alone, for variables that add to what a program trusts; bundle also what the
// system trusts, for those that replace it, and may be empty where there is none.
func AuthorityVariables(certificate, bundle string) []Variable {
	all := []Variable{
		{"NODE_EXTRA_CA_CERTS", certificate, FileRead}, // Node, Electron
		{"DENO_CERT", certificate, FileRead},
	}
	if bundle == "" {
		return all
	}
	for _, name := range []string{
		"SSL_CERT_FILE",                      // OpenSSL, and so Python, Ruby, PHP; Go; rustls
		"REQUESTS_CA_BUNDLE",                 // Python's requests
		"CURL_CA_BUNDLE",                     // curl with OpenSSL
		"GIT_SSL_CAINFO",                     // git
		"PIP_CERT",                           // pip
		"AWS_CA_BUNDLE",                      // AWS's SDKs
		"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",   // gRPC in C++ and what is built on it
		"CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", // Google Cloud's command
	} {
		all = append(all, Variable{name, bundle, FileRead})
	}
	return all
}

// Assign returns the lines that set variables in s. Of a container it is the
// command, without a proxy.
func Assign(s Shell, variables []Variable) string {
	p := place{env: Env{Extra: variables}}
	switch {
	case s.ID == Docker.ID:
		return p.dockerFiles()
	case s.assign == nil:
		return ""
	}
	lines := make([]string, len(variables))
	for i, v := range variables {
		lines[i] = s.assign(v.Name, v.Value)
	}
	return strings.Join(lines, "\n")
}

// dockerFiles writes one line that mounts and names the files of the environment
// and nothing else.
func (p place) dockerFiles() string {
	words := []string{"docker run --rm -it"}
	for _, v := range p.env.Extra {
		m := mountOf(v)
		if word := m.docker(); !slices.Contains(words, word) {
			words = append(words, word)
		}
		words = append(words, "-e", quotePOSIX(v.Name+"="+m.target))
	}
	return strings.Join(append(words, "IMAGE"), " ")
}

// Keytool is the line that puts a certificate into Java's own store.
func Keytool(certificate string) string {
	return "keytool -importcert -noprompt -alias streamgauge -cacerts -storepass changeit -file " + quotePOSIX(certificate)
}
