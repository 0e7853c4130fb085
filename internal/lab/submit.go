package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// rates are the tuples a second that each spout task sends: low, because two
// cores must be enough for all topologies together. skew needs its rate: at
// 8 ms a tuple its busiest task is to be at work most of the time.
func rates() map[string]float64 {
	return map[string]float64{"wordcount": 20, "flaky": 15, "skew": 100, "edits": 10, "numbers": 20, "lab-words": 5}
}

// submit submits the topologies that do not run yet, one after the other.
// Names that a line has not made itself are taken as further instances of its
// first topology only before 2.0, where the one topology takes any name.
func (l *Lab) submit(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return usagef("submit needs names: %s, or all", strings.Join(l.line.topologies, ", "))
	}
	if slices.Equal(names, []string{"all"}) {
		names = l.line.topologies
	}
	known := slices.Concat(l.line.topologies, l.line.further)
	for _, name := range names {
		if l.line.modern && !slices.Contains(known, name) {
			return usagef("there is no topology %q: submit knows %s", name, strings.Join(known, ", "))
		}
	}
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if slices.ContainsFunc(s.topologies, func(t topology) bool { return t.name == name }) {
			l.say("  %s runs already", name)
			continue
		}
		if err := l.timed("submit "+name, func() error { return l.submitOne(ctx, name) }); err != nil {
			return err
		}
	}
	if !l.line.modern {
		return nil
	}
	w := &waiter{lab: l}
	return w.until(ctx, "every Nimbus has the topologies' code", l.copied)
}

// copied fails until every Nimbus that runs has the code of every topology. A
// standby that is still fetching it when the leader is killed ends itself, and
// the cluster is left without any Nimbus.
func (l *Lab) copied(ctx context.Context) error {
	s, err := l.ask(ctx)
	if err != nil {
		return err
	}
	sizes := map[string]int64{}
	for _, d := range l.wanted() {
		if _, ok := l.running(d); d.kind != "nimbus" || !ok {
			continue
		}
		for _, t := range s.topologies {
			for _, part := range []string{"stormjar.jar", "stormcode.ser", "stormconf.ser"} {
				name := t.id + "-" + part
				files, err := filepath.Glob(filepath.Join(l.hostDir(d.host), "storm-local", "blobs", "*", "data_"+name, "data"))
				if err != nil {
					return fmt.Errorf("looking for %s: %w", name, err)
				}
				if len(files) == 0 {
					return fmt.Errorf("%s lacks %s", d, name)
				}
				info, err := os.Stat(files[0])
				if err != nil {
					return fmt.Errorf("looking for %s: %w", name, err)
				}
				if size, ok := sizes[name]; ok && size != info.Size() {
					return fmt.Errorf("%s has %d of %d bytes of %s", d, info.Size(), size, name)
				}
				sizes[name] = info.Size()
			}
		}
	}
	return nil
}

func (l *Lab) submitOne(ctx context.Context, name string) error {
	python, err := l.python(ctx)
	if err != nil {
		return err
	}
	if name == "edits" && l.line.modern {
		if python, err = l.pystorm(ctx); err != nil {
			return err
		}
	}
	jar, err := l.topologyJar()
	if err != nil {
		return err
	}
	host := l.line.hosts[0]
	h := l.hostDir(host)
	args := append([]string{"-Xmx128m"}, small()...)
	if !l.line.modern {
		args = append(args, opens()...)
	}
	args = append(args, "-Dstorm.home="+h, "-Dstorm.options=", "-Dstorm.conf.file=", "-Dstorm.jar="+jar,
		"-Dstorm.dependency.jars=", "-Dstorm.dependency.artifacts={}", "-Dstorm.log.dir="+h+"/logs", "-Dlogfile.name=submit.log")
	if l.line.modern {
		flux := filepath.Join(l.set.Dir, "submit", name+".yaml")
		err := writeAsset(flux, "flux/"+name+".yaml", map[string]string{
			"PYTHON": python, "RATE": l.rate(name), "LOGS": filepath.Join(l.home(host), "logs"),
		}, 0o644)
		if err != nil {
			return err
		}
		args = append(args, "-cp", h+"/lib-worker/*:"+h+"/conf:"+jar, "org.apache.storm.flux.Flux", "-n", flux)
	} else {
		cp := h + "/lib/*:" + h + "/conf:" + jar
		if l.line.logback {
			cp += ":" + l.stub()
		}
		args = append(args, "-Dlab.rate="+l.rate("lab-words"), "-Dlab.python="+python, "-cp", cp, "lab.LabTopology", name)
	}
	out, err := l.run(ctx, l.jdk("java"), args...)
	if err == nil && l.line.modern && !strings.Contains(out, "Finished submitting") {
		err = fmt.Errorf("the client did not say that it finished")
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, lastLines(out, 12))
	}
	return nil
}

func (l *Lab) rate(name string) string {
	return strconv.FormatFloat(rates()[name]*l.set.Rate, 'f', -1, 64)
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return strings.Join(lines, "\n")
}
