package ui

import (
	"fmt"
	"sort"
	"strings"

	"charm.land/bubbles/v2/key"
)

// frameKeys are the keys that mean the same on every screen.
type frameKeys struct {
	Quit, Leave, Back, Previous   key.Binding
	Palette, HistBack, HistFwd    key.Binding
	Help, Pause, Poll, Save, Wide key.Binding
	Mouse, Suspend, Logs          key.Binding
}

func bind(help string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(strings.ReplaceAll(strings.Join(keys, " "), "+", "-"), help))
}

func newFrameKeys() frameKeys {
	return frameKeys{
		Logs:     bind("logs", "l"),
		Quit:     bind("quit", "ctrl+c"),
		Leave:    bind("back; at a root screen quit", "q"),
		Back:     bind("close, clear, back", "esc"),
		Previous: bind("previous screen", "-"),
		Palette:  bind("command", ":"),
		HistBack: bind("last command", "["),
		HistFwd:  bind("next command", "]"),
		Help:     bind("help", "?", "f1"),
		Pause:    bind("pause the picture", "p", "="),
		Poll:     bind("poll now", "ctrl+r"),
		Save:     bind("save the screen as text", "ctrl+s"),
		Wide:     bind("all columns", "ctrl+w"),
		Mouse:    bind("mouse on/off", "M"),
		Suspend:  bind("suspend to the shell", "ctrl+z"),
	}
}

// named gives each action the name by which it can be bound to other keys.
func (k *frameKeys) named() map[string]*key.Binding {
	return map[string]*key.Binding{
		"quit": &k.Quit, "leave": &k.Leave, "back": &k.Back, "previous": &k.Previous,
		"palette": &k.Palette, "history-back": &k.HistBack, "history-forward": &k.HistFwd,
		"help": &k.Help, "pause": &k.Pause, "poll": &k.Poll, "save": &k.Save, "wide": &k.Wide,
		"mouse": &k.Mouse, "suspend": &k.Suspend,
	}
}

// Actions names the frame's actions that can be bound to other keys, sorted.
func Actions() []string {
	k := newFrameKeys()
	names := make([]string, 0, len(k.named()))
	for name := range k.named() {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// rebind gives actions other keys and refuses two actions on one key.
func (k *frameKeys) rebind(keys map[string][]string) error {
	named := k.named()
	for name, list := range keys {
		b, ok := named[name]
		if !ok {
			return fmt.Errorf("no action %q can be bound; actions are %s", name, strings.Join(Actions(), ", "))
		}
		b.SetKeys(list...)
		b.SetHelp(strings.Join(list, " "), b.Help().Desc)
	}
	owner := map[string]string{}
	for _, name := range Actions() {
		for _, press := range named[name].Keys() {
			if other, taken := owner[press]; taken {
				return fmt.Errorf("%s is both %s and %s", press, other, name)
			}
			owner[press] = name
		}
	}
	return nil
}

// everywhere lists the frame's bindings in the order of the help.
func (k *frameKeys) everywhere() []key.Binding {
	return []key.Binding{
		k.Palette, k.Previous, k.Pause, k.Poll, k.Save, k.Wide, k.Mouse, k.Suspend, k.Help, k.Back, k.Leave, k.Quit,
	}
}
