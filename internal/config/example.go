package config

import _ "embed" // for the example

//go:embed example.yaml
var example string

// Example is a commented config.yaml for `config init`. Lines of explanation
// begin with ##; a setting is behind "# ", so the file as it is changes nothing.
func Example() string { return example }
