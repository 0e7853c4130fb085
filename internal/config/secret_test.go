package config

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

const canary = "canary-7f3a91"

func TestSecret(t *testing.T) {
	for _, key := range []string{
		"password", "ssh_password", "nimbus.thrift.tls.client.keystore.password", "PASSWD", "client.secret", "topology.credentials",
		"storm.zookeeper.auth.payload", "x.private.key", "storm.keytab.file", "api.key", "api_key", "apiKey", "x.API-KEY", "auth.token", "sslKeyPassphrase", "aws.access.key",
	} {
		if !Secret(key) {
			t.Errorf("%s is not secret", key)
		}
	}
	for _, key := range []string{"", "nimbus.seeds", "topology.workers", "nimbus.credential.renewers.freq.secs", "token.validity.ms", "storm.zookeeper.auth.scheme", "keys", "ui.port"} {
		if Secret(key) {
			t.Errorf("%s is secret", key)
		}
	}
}

func TestMask(t *testing.T) {
	in := map[string]any{
		"plain":            "value",
		"list":             []any{"a", map[string]any{"password": canary}},
		"nested":           map[string]any{"db": map[string]any{"api_key": canary, "port": json.Number("5432")}},
		"odd":              map[any]any{"secret": canary, 7: "seven"},
		"worker.childopts": "-Xmx1g -Djavax.net.ssl.keyStorePassword=" + canary + " -Dx=y",
		"json":             `{"user":"u","password":"` + canary + `"}`,
		"url":              "jdbc:mysql://root:" + canary + "@db/x",
		"texts":            []string{"token=" + canary, "b"},
		"auth.payload":     map[string]any{"a": canary},
		"auth.token":       nil,
		"other.token":      "",
		"n.password":       12345,
	}
	before := fmt.Sprint(in)
	out := Mask("", in).(map[string]any)
	if text := fmt.Sprint(out); strings.Contains(text, canary) || strings.Contains(text, "12345") {
		t.Errorf("a secret is left: %s", text)
	}
	if fmt.Sprint(in) != before {
		t.Error("the value given was changed")
	}
	if out["plain"] != "value" || out["auth.token"] != nil || out["other.token"] != "" || out["worker.childopts"] != "-Xmx1g -Djavax.net.ssl.keyStorePassword=******** -Dx=y" {
		t.Errorf("%v", out)
	}
	if out["nested"].(map[string]any)["db"].(map[string]any)["port"] != json.Number("5432") {
		t.Errorf("%v", out["nested"])
	}
	deep := any(canary)
	for range 200 {
		deep = []any{deep}
	}
	if strings.Contains(fmt.Sprint(Mask("x", deep)), canary) {
		t.Error("a deep value is left")
	}
}

func TestSecretsNeverLeaveTheConfiguration(t *testing.T) {
	storm := "nimbus.host: a\nstorm.zookeeper.auth.scheme: digest\nstorm.zookeeper.auth.payload: \"u:" + canary + "\"\n" +
		"nimbus.thrift.tls.client.keystore.password: " + canary + "\nstorm.zookeeper.ssl.truststore.password: " + canary + "\nunknown.password: " + canary + "\n"
	b := box{files: map[string]string{stormPath: storm}, flags: map[string][]string{"c": {"storm.zookeeper.auth.password=" + canary, "my.secret=" + canary}}}
	c, ws := b.load(t)
	for _, s := range c.Settings() {
		if strings.Contains(s.Value+s.Note+s.Origin.String(), canary) {
			t.Errorf("%+v", s)
		}
	}
	if strings.Contains(fmt.Sprint(ws), canary) {
		t.Errorf("warnings: %v", ws)
	}
	if s := setting(t, c, "storm.zookeeper.auth.payload"); s.Value != Masked || s.Origin.Short() != "storm.yaml:3" || s.Note == "" {
		t.Errorf("%+v", s)
	}
	if s := setting(t, c, "storm.zookeeper.auth.scheme"); s.Value != "digest" {
		t.Errorf("%+v", s)
	}
	for name, bad := range map[string]box{
		"-c":          {flags: map[string][]string{"c": {"password:" + canary}}},
		"secret list": {flags: map[string][]string{"c": {`storm.zookeeper.auth.payload={"a":"` + canary + `"}`, "x"}}},
		"config.yaml": {files: map[string]string{confPath: "clusters:\n  a:\n    nimbus: x\n    ssh_password: " + canary + "\n    sasl: {password: " + canary + "}\n"}},
		"syntax":      {files: map[string]string{stormPath: "password: \"" + canary + "\n"}},
	} {
		_, ws, err := Load(bad.inputs())
		if err == nil || strings.Contains(fmt.Sprintf("%v %+v", err, ws), canary) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
