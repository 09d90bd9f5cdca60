package autostart

import (
	"errors"
	"strings"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// runKey holds, for the user alone, a command line a program.
const runKey = `Software\Microsoft\Windows\CurrentVersion\Run`

func (p Program) line() string {
	var args []string
	for _, arg := range p.Command {
		args = append(args, windows.EscapeArg(arg))
	}
	return strings.Join(args, " ")
}

func (p Program) enabled() (bool, error) {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer key.Close()
	line, _, err := key.GetStringValue(p.Name)
	if errors.Is(err, registry.ErrNotExist) {
		return false, nil
	}
	return line == p.line(), err
}

func (p Program) enable() error {
	key, _, err := registry.CreateKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if err != nil {
		return err
	}
	defer key.Close()
	return key.SetStringValue(p.Name, p.line())
}

func (p Program) disable() error {
	key, err := registry.OpenKey(registry.CURRENT_USER, runKey, registry.SET_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer key.Close()
	if err := key.DeleteValue(p.Name); !errors.Is(err, registry.ErrNotExist) {
		return err
	}
	return nil
}
