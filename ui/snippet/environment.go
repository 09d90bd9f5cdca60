package snippet

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"runtime"
	"slices"
	"strings"
)

// ProxyVariables point programs to a proxy. Most read the one case, some the
// other, some both. The caller may change the list.
func ProxyVariables() []string {
	return []string{"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}
}

// ExemptVariables name the hosts to be reached without the proxy, and
// NodeVariable makes Node, from 22.21 and 24.0 on, look at all of these.
var ExemptVariables = [2]string{"no_proxy", "NO_PROXY"}

// NodeVariable is set to "1".
const NodeVariable = "NODE_USE_ENV_PROXY"

// FileUse says what the program does with a file whose path is a variable's value.
type FileUse uint8

// The uses. A file is brought into containers under another path.
const (
	NoFile   FileUse = iota // the value is not a path
	FileRead                // such as a certificate
	FileWrite
)

// Variable is one environment variable.
type Variable struct {
	Name, Value string
	File        FileUse
}

// Env is what the lines are to set.
type Env struct {
	// Listen is where the proxy listens, as host:port.
	Listen string
	// User and Password are what it asks for; empty if nothing.
	User, Password string
	// NoProxy lists the hosts that programs reach without it, separated by
	// commas. It is set even if empty: what stood there before would exempt.
	NoProxy string
	// Extra are further variables, such as SSLKEYLOGFILE.
	Extra []Variable
	// System is the operating system the proxy runs on, as [runtime.GOOS];
	// empty means this one. It decides what a container reaches.
	System string
}

// Block is text to paste.
type Block struct {
	// Text is whole lines, the last one without its end.
	Text string
	// NeedsListenOn is empty if the proxy can be reached from there as it is.
	// Else it is the address it would have to listen on, which means with a user
	// name and a password.
	NeedsListenOn string
}

// Environment returns the lines that make programs started from s use the proxy.
func Environment(s Shell, env Env) Block {
	p := newPlace(env)
	switch s.ID {
	case Docker.ID:
		return p.docker()
	case Compose.ID:
		return p.compose()
	case WSL.ID:
		return p.wsl()
	}
	env.Listen = fromHere(env.Listen)
	p = newPlace(env)
	variables := p.variables(p.url())
	if s.ID == Cmd.ID { // Windows knows no case in names: once is enough
		variables = slices.DeleteFunc(variables, func(v Variable) bool { return v.Name != strings.ToUpper(v.Name) })
	}
	lines := make([]string, len(variables))
	for i, v := range variables {
		lines[i] = s.assign(v.Name, v.Value)
	}
	return Block{Text: strings.Join(lines, "\n")}
}

// locality says who can reach an address that is listened on.
type locality uint8

const (
	elsewhere  locality = iota // an address of a network
	loopback                   // this machine only
	everywhere                 // every address of this machine
)

func isLocal(host string) locality {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return loopback
	}
	ip, err := netip.ParseAddr(host)
	switch ip = ip.Unmap(); {
	case host == "", err == nil && ip.IsUnspecified():
		return everywhere
	case err == nil && ip.IsLoopback():
		return loopback
	}
	return elsewhere
}

// fromHere is where programs of this machine reach what listens on listen.
func fromHere(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil || isLocal(host) != everywhere {
		return listen
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// place is the proxy as seen from where the lines are pasted.
type place struct {
	env        Env
	host, port string
	local      locality
}

func newPlace(env Env) place {
	host, port, err := net.SplitHostPort(env.Listen)
	if err != nil {
		host, port = env.Listen, ""
	}
	return place{env: env, host: host, port: port, local: isLocal(host)}
}

func (p place) url() string {
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(p.host, p.port)}
	if p.env.User != "" {
		u.User = url.UserPassword(p.env.User, p.env.Password)
	}
	return u.String()
}

// variables are all that is set, in order.
func (p place) variables(proxy string) []Variable {
	var all []Variable
	for _, name := range ProxyVariables() {
		all = append(all, Variable{Name: name, Value: proxy})
	}
	for _, name := range ExemptVariables {
		all = append(all, Variable{Name: name, Value: p.env.NoProxy})
	}
	all = append(all, Variable{Name: NodeVariable, Value: "1"})
	return append(all, p.env.Extra...)
}

// dockerHost is what Docker calls the machine it runs on, where it is told to;
// dockerBridge is that machine's address on Docker's own network.
const (
	dockerHost   = "host.docker.internal"
	dockerBridge = "172.17.0.1"
)

// fromContainer turns p into what a container sees. Docker for Windows and for
// macOS leads the name to the loopback addresses of the machine, on Linux it is
// an address of a network.
func (p *place) fromContainer() (needs string) {
	if p.local == elsewhere {
		return ""
	}
	p.host = dockerHost
	system := p.env.System
	if system == "" {
		system = runtime.GOOS
	}
	if p.local == loopback && system == "linux" {
		return net.JoinHostPort(dockerBridge, p.port)
	}
	return ""
}

// mount is a file of this machine inside a container.
type mount struct {
	source, target string
	readOnly       bool
}

func mountOf(v Variable) mount {
	target := "/run/streamgauge/" + path.Base(strings.ReplaceAll(v.Value, `\`, "/"))
	return mount{source: v.Value, target: target, readOnly: v.File == FileRead}
}

// docker writes the option that mounts m.
func (m mount) docker() string {
	option := "type=bind," + quoteCSV("source="+m.source) + "," + quoteCSV("target="+m.target)
	if m.readOnly {
		option += ",readonly"
	}
	return "--mount " + quotePOSIX(option)
}

// mounted returns the variables as a container has them, and the files they need.
func (p place) mounted() (variables []Variable, mounts []mount) {
	for _, v := range p.variables(p.url()) {
		if v.File != NoFile && v.Value != "" {
			m := mountOf(v)
			if !slices.Contains(mounts, m) {
				mounts = append(mounts, m)
			}
			v.Value = m.target
		}
		variables = append(variables, v)
	}
	return variables, mounts
}

// docker writes one line, since shells differ in how they continue one.
func (p place) docker() Block {
	needs := p.fromContainer()
	words := []string{"docker run --rm -it"}
	if p.host == dockerHost {
		words = append(words, "--add-host="+dockerHost+":host-gateway")
	}
	variables, mounts := p.mounted()
	for _, m := range mounts {
		words = append(words, m.docker())
	}
	for _, v := range variables {
		words = append(words, "-e", quotePOSIX(v.Name+"="+v.Value))
	}
	return Block{Text: strings.Join(append(words, "IMAGE"), " "), NeedsListenOn: needs}
}

func (p place) compose() Block {
	needs := p.fromContainer()
	lines := []string{"services:", "  SERVICE:"}
	if p.host == dockerHost {
		lines = append(lines, "    extra_hosts:", `      - "`+dockerHost+`:host-gateway"`)
	}
	variables, mounts := p.mounted()
	if len(mounts) > 0 {
		lines = append(lines, "    volumes:")
	}
	for _, m := range mounts {
		lines = append(lines, "      - type: bind",
			"        source: "+quoteYAML(m.source), "        target: "+quoteYAML(m.target))
		if m.readOnly {
			lines = append(lines, "        read_only: true")
		}
	}
	lines = append(lines, "    environment:")
	for _, v := range variables {
		lines = append(lines, "      "+v.Name+": "+quoteYAML(v.Value))
	}
	return Block{Text: strings.Join(lines, "\n"), NeedsListenOn: needs}
}

// wsl writes for a Linux under Windows, where the proxy runs: its address is
// that of the way out.
func (p place) wsl() Block {
	var b Block
	var lines []string
	write := quotePOSIX
	if p.local != elsewhere {
		if p.local == loopback {
			b.NeedsListenOn = net.JoinHostPort("0.0.0.0", p.port)
		}
		const stands = "windows.invalid"
		p.host = stands
		lines = append(lines, `windows_host=$(ip route show default | awk '{print $3; exit}')`)
		write = func(s string) string {
			before, after, found := strings.Cut(s, stands)
			if !found {
				return quotePOSIX(s)
			}
			return quotePOSIX(before) + `"$windows_host"` + quotePOSIX(after)
		}
	}
	for _, v := range p.variables(p.url()) {
		if v.File != NoFile {
			v.Value = underWSL(v.Value)
		}
		lines = append(lines, "export "+v.Name+"="+write(v.Value))
	}
	b.Text = strings.Join(lines, "\n")
	return b
}

// underWSL returns where a path of Windows is found from there.
func underWSL(file string) string {
	if len(file) < 3 || file[1] != ':' || file[2] != '\\' {
		return file
	}
	return "/mnt/" + strings.ToLower(file[:1]) + strings.ReplaceAll(file[2:], `\`, "/")
}
