package autostart

import (
	"bytes"
	"encoding/xml"
	"os"
	"path/filepath"
)

// path is the agent's: launchd reads it at the next login.
func (p Program) path() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, "Library", "LaunchAgents", p.ID+".plist"), nil
}

func (p Program) agent() []byte {
	var b bytes.Buffer
	text := func(s string) {
		b.WriteString("<string>")
		_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
		b.WriteString("</string>\n")
	}
	b.WriteString(xml.Header)
	b.WriteString(`<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">` + "\n")
	b.WriteString("<plist version=\"1.0\">\n<dict>\n<key>Label</key>\n")
	text(p.ID)
	b.WriteString("<key>ProgramArguments</key>\n<array>\n")
	for _, arg := range p.Command {
		text(arg)
	}
	b.WriteString("</array>\n<key>RunAtLoad</key>\n<true/>\n</dict>\n</plist>\n")
	return b.Bytes()
}

func (p Program) enabled() (bool, error) {
	path, err := p.path()
	if err != nil {
		return false, err
	}
	return fileSays(path, p.agent())
}

func (p Program) enable() error {
	path, err := p.path()
	if err != nil {
		return err
	}
	return writeFile(path, p.agent())
}

func (p Program) disable() error {
	path, err := p.path()
	if err != nil {
		return err
	}
	return removeFile(path)
}
