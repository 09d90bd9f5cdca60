//go:build unix && !darwin

package autostart

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// path is the entry's: Desktop Application Autostart Specification, "Autostart
// Directories".
func (p Program) path() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "autostart", p.ID+".desktop"), nil
}

func (p Program) entry() []byte {
	var args []string
	for _, arg := range p.Command {
		args = append(args, quoteExec(arg))
	}
	return fmt.Appendf(nil, `[Desktop Entry]
Type=Application
Name=%s
Exec=%s
Icon=%s
Terminal=false
X-GNOME-Autostart-enabled=true
`, p.Name, strings.Join(args, " "), p.ID)
}

// quoteExec writes an argument as the Desktop Entry Specification has it ("The
// Exec key"): in quotes with four characters escaped, that again escaped as all
// texts of such files are, and a percent sign doubled.
func quoteExec(arg string) string {
	inQuotes := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`).Replace(arg)
	asText := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(inQuotes)
	return `"` + strings.ReplaceAll(asText, "%", "%%") + `"`
}

func (p Program) enabled() (bool, error) {
	path, err := p.path()
	if err != nil {
		return false, err
	}
	return fileSays(path, p.entry())
}

func (p Program) enable() error {
	path, err := p.path()
	if err != nil {
		return err
	}
	return writeFile(path, p.entry())
}

func (p Program) disable() error {
	path, err := p.path()
	if err != nil {
		return err
	}
	return removeFile(path)
}
