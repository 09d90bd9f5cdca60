package snippet

// Shell is a place where lines are pasted.
type Shell struct {
	// ID is what settings and flags call it: "bash", "docker".
	ID string
	// Name is what people call it; it is the same in all languages.
	Name string
	// assign writes one variable. Containers have none: their lines are one
	// command or one document.
	assign func(name, value string) string
}

// The places. Bash stands for every POSIX shell, zsh among them.
var (
	Bash       = Shell{ID: "bash", Name: "bash, zsh", assign: assignPOSIX}
	Fish       = Shell{ID: "fish", Name: "fish", assign: assignFish}
	PowerShell = Shell{ID: "powershell", Name: "PowerShell", assign: assignPowerShell}
	Cmd        = Shell{ID: "cmd", Name: "cmd", assign: assignCmd}
	Docker     = Shell{ID: "docker", Name: "Docker"}
	Compose    = Shell{ID: "compose", Name: "Docker Compose"}
	WSL        = Shell{ID: "wsl", Name: "WSL"}
)

// Shells lists the places in the order in which to offer them.
func Shells() []Shell {
	return []Shell{Bash, Fish, PowerShell, Cmd, Docker, Compose, WSL}
}

func assignPOSIX(name, value string) string { return "export " + name + "=" + quotePOSIX(value) }

func assignFish(name, value string) string { return "set -gx " + name + " " + quoteFish(value) }

func assignPowerShell(name, value string) string {
	return "$env:" + name + " = " + quotePowerShell(value)
}

func assignCmd(name, value string) string { return quoteCmd(name + "=" + value) }
