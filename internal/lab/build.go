package lab

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mavenDependency is the plugin that copies libraries; 2.8 still has the
// option to write one artifact to a place of our choice.
const mavenDependency = "org.apache.maven.plugins:maven-dependency-plugin:2.8:"

// preloaded is the name of the library that keeps a daemon to its own address.
const preloaded = "bindto.so"

// pystormVersion is what the edits topology runs on.
const pystormVersion = "3.1.4"

// cache is a path below this version's part of the cache.
func (l *Lab) cache(elem ...string) string {
	return filepath.Join(append([]string{l.set.Cache, l.set.Version}, elem...)...)
}

// library is the directory of one of Storm's library sets; in the cache it is
// named by the digest of its Maven description.
func (l *Lab) library(name string) string {
	if l.set.Distribution != "" && name != "lib-zookeeper" {
		return filepath.Join(l.set.Distribution, name)
	}
	pom := name
	if name == "lib" {
		pom = l.line.pom
	}
	return l.cache(name + "-" + digest("maven/"+pom+".xml"))
}

// stub is the directory with the stand-in class for Storm 0.9.
func (l *Lab) stub() string { return l.cache("stub-" + digest(stubSource)) }

const stubSource = "java/carbonite/JavaBridge.java"

// libraries lists the library sets that come from Maven, with their poms.
func (l *Lab) libraries() map[string]string {
	out := map[string]string{}
	if l.set.Distribution == "" {
		out["lib"] = l.line.pom
	}
	if l.line.modern {
		out["lib-zookeeper"] = "lib-zookeeper"
		if l.set.Distribution == "" {
			out["lib-worker"] = "lib-worker"
			if l.hasWebapp() {
				out["lib-webapp"] = "lib-webapp"
			}
		}
	}
	return out
}

// hasWebapp says whether UI and logviewer can run: before 2.0 they are in
// storm-core, later in a jar that is not published.
func (l *Lab) hasWebapp() bool {
	if !l.line.modern || l.set.WebappJar != "" {
		return true
	}
	if l.set.Distribution == "" {
		return false
	}
	jars, err := filepath.Glob(filepath.Join(l.set.Distribution, "lib-webapp", "storm-webapp-*.jar"))
	return err == nil && len(jars) > 0
}

// cached says whether nothing needs to be downloaded or compiled any more.
func (l *Lab) cached() bool {
	for name := range l.libraries() {
		if !exists(l.library(name)) {
			return false
		}
	}
	jar, err := l.topologyJar()
	return err == nil && exists(jar) && exists(l.bindto()) && (!l.line.logback || exists(l.stub()))
}

// build downloads and compiles what is missing in the cache.
func (l *Lab) build(ctx context.Context) error {
	release, err := l.turn(ctx, filepath.Join(l.set.Cache, "lock"))
	if err != nil {
		return err
	}
	defer release()
	libs := l.libraries()
	for _, name := range []string{"lib", "lib-worker", "lib-webapp", "lib-zookeeper"} {
		pom, ok := libs[name]
		if !ok || exists(l.library(name)) {
			continue
		}
		if err := l.timed(name+" from Maven", func() error { return l.copyDependencies(ctx, name, pom) }); err != nil {
			return err
		}
	}
	if !exists(l.bindto()) {
		if err := l.compileBindto(ctx); err != nil {
			return err
		}
	}
	if l.line.logback && !exists(l.stub()) {
		if err := l.timed("stand-in for carbonite compiled", func() error { return l.compileStub(ctx) }); err != nil {
			return err
		}
	}
	jar, err := l.topologyJar()
	if err != nil || exists(jar) {
		return err
	}
	if l.line.modern {
		return l.timed("topology jar", func() error { return l.buildFluxJar(ctx, jar) })
	}
	return l.timed("topology jar", func() error { return l.buildJavaJar(ctx, jar) })
}

func (l *Lab) copyDependencies(ctx context.Context, name, pom string) error {
	file := l.cache("maven", name+".xml")
	if err := writeAsset(file, "maven/"+pom+".xml", map[string]string{"STORM_VERSION": l.set.Version}, 0o644); err != nil {
		return err
	}
	part := l.library(name) + ".part"
	if err := os.RemoveAll(part); err != nil {
		return fmt.Errorf("making room for %s: %w", name, err)
	}
	if err := l.maven(ctx, "-f", file, mavenDependency+"copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+part); err != nil {
		return err
	}
	if err := os.Rename(part, l.library(name)); err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	return nil
}

func (l *Lab) maven(ctx context.Context, args ...string) error {
	out, err := l.run(ctx, "mvn", append([]string{"-q", "-B"}, args...)...)
	if err == nil {
		return nil
	}
	for text := range strings.Lines(out) {
		if strings.Contains(text, "ERROR") {
			return fmt.Errorf("maven: %s", strings.TrimSpace(text))
		}
	}
	return fmt.Errorf("maven: %w: %s", err, clip(strings.TrimSpace(out), 400))
}

// run runs a program to its end and returns all it wrote.
func (l *Lab) run(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return string(out), err
}

// bindto is the compiled library in the cache, under the digest of its source.
func (l *Lab) bindto() string {
	return filepath.Join(l.set.Cache, "bindto-"+digest("native/bindto.c")+".so")
}

func (l *Lab) compileBindto(ctx context.Context) error {
	source := filepath.Join(l.set.Cache, "bindto.c")
	if err := writeAsset(source, "native/bindto.c", nil, 0o644); err != nil {
		return err
	}
	part := l.bindto() + ".part"
	if out, err := l.run(ctx, "cc", "-O2", "-shared", "-fPIC", "-o", part, source, "-ldl"); err != nil {
		return fmt.Errorf("compiling bindto.c: %w: %s", err, clip(out, 400))
	}
	if err := os.Rename(part, l.bindto()); err != nil {
		return fmt.Errorf("keeping bindto.so: %w", err)
	}
	return nil
}

// compileStub makes the Java class that Storm 0.9 expects from a library that
// is not on Maven Central.
func (l *Lab) compileStub(ctx context.Context) error {
	work := l.cache("stub.part")
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("compiling the stand-in: %w", err)
	}
	source := filepath.Join(work, "JavaBridge.java")
	if err := writeAsset(source, stubSource, nil, 0o644); err != nil {
		return err
	}
	classes := filepath.Join(work, "classes")
	if err := l.javac(ctx, classes, source); err != nil {
		return err
	}
	if err := os.Rename(classes, l.stub()); err != nil {
		return fmt.Errorf("keeping the stand-in: %w", err)
	}
	return os.RemoveAll(work)
}

func (l *Lab) javac(ctx context.Context, classes, source string) error {
	if err := os.MkdirAll(classes, 0o755); err != nil {
		return fmt.Errorf("compiling %s: %w", filepath.Base(source), err)
	}
	out, err := l.run(ctx, l.jdk("javac"), "-nowarn", "-Xlint:-options", "-Xlint:-deprecation", "--release", "8",
		"-cp", l.library("lib")+"/*", "-d", classes, source)
	if err != nil {
		return fmt.Errorf("compiling %s: %w: %s", filepath.Base(source), err, clip(out, 400))
	}
	return nil
}

// topologyJar is the jar of every topology of this line, named by the digest
// of what it is made from.
func (l *Lab) topologyJar() (string, error) {
	names := []string{"java/LabTopology.java.tmpl", "old/split.py"}
	if l.line.modern {
		files, err := fs.Glob(assets, "assets/multilang/*.py")
		if err != nil {
			return "", fmt.Errorf("listing the topologies' files: %w", err)
		}
		names = names[:0]
		for _, f := range files {
			names = append(names, strings.TrimPrefix(f, "assets/"))
		}
	}
	return l.cache("topology-" + digest(names...) + ".jar"), nil
}

// fluxArtifacts are what a Flux topology with shell components needs; their
// poms name a parent that was never published, so they are fetched alone.
func fluxArtifacts() []string { return []string{"flux-core", "flux-wrappers", "multilang-python"} }

func (l *Lab) buildFluxJar(ctx context.Context, jar string) error {
	files := map[string][]byte{}
	for _, a := range fluxArtifacts() {
		file := l.cache("flux", a+".jar")
		if !exists(file) {
			err := l.maven(ctx, mavenDependency+"get", "-Dtransitive=false",
				"-Dartifact=org.apache.storm:"+a+":"+l.set.Version, "-Ddest="+file)
			if err != nil {
				return err
			}
		}
		if err := readJar(file, files); err != nil {
			return err
		}
	}
	entries, err := assets.ReadDir("assets/multilang")
	if err != nil {
		return fmt.Errorf("listing the topologies' files: %w", err)
	}
	for _, e := range entries {
		text, err := asset("multilang/" + e.Name())
		if err != nil {
			return err
		}
		files["resources/"+e.Name()] = []byte(text)
	}
	return writeJar(jar, files)
}

func (l *Lab) buildJavaJar(ctx context.Context, jar string) error {
	work := l.cache("topology.part")
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("compiling the topology: %w", err)
	}
	source := filepath.Join(work, "LabTopology.java")
	if err := writeAsset(source, "java/LabTopology.java.tmpl", map[string]string{"PKG": l.line.pkg}, 0o644); err != nil {
		return err
	}
	classes := filepath.Join(work, "classes")
	if err := l.javac(ctx, classes, source); err != nil {
		return err
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(classes, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(classes, p)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(name)], err = os.ReadFile(p)
		return err
	})
	if err != nil {
		return fmt.Errorf("packing the topology: %w", err)
	}
	script, err := asset("old/split.py")
	if err != nil {
		return err
	}
	files["resources/split.py"] = []byte(script)
	if err := writeJar(jar, files); err != nil {
		return err
	}
	return os.RemoveAll(work)
}

// digest names the content of assets in a few letters.
func digest(names ...string) string {
	sum := sha256.New()
	for _, name := range names {
		text, err := asset(name)
		if err != nil {
			text = name
		}
		_, _ = io.WriteString(sum, name+"\x00"+text+"\x00")
	}
	return hex.EncodeToString(sum.Sum(nil))[:10]
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// timed runs a step and tells how long it took.
func (l *Lab) timed(what string, step func() error) error {
	began := time.Now()
	err := step()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	l.say("  %-40s %5.1f s", what, time.Since(began).Seconds())
	return nil
}
