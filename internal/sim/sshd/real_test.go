package sshd

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stormtop/stormtop/internal/termtest/require"
)

// zipped compresses a text in two members, as appended archives have.
func zipped(t testing.TB, text string) string {
	t.Helper()
	var out bytes.Buffer
	for _, part := range []string{text[:len(text)/2], text[len(text)/2:]} {
		z := gzip.NewWriter(&out)
		_, _ = z.Write([]byte(part))
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// workspace are the files on which both kinds of tools work.
func workspace(t testing.TB) map[string]string {
	var long strings.Builder
	for i := range 3000 {
		long.WriteString("line ")
		long.WriteString(strings.Repeat("x", i%97))
		long.WriteString("\n")
	}
	log := "2026-11-21 04:31:59.412 o.a.s.t.ShellBolt Thread-18 [INFO] took 12 ms\n" +
		"2026-11-21 04:31:59.500 o.a.s.e.e.ReportError Thread-20 [ERROR] Error\n" +
		"java.lang.Exception: boom [1]\n\tat a.b(C.java:1)\n" +
		"2026-11-21 04:32:00.001 o.a.s.t.ShellBolt Thread-18 [WARN] took 7 ms (slow)\n" +
		"2026-11-21 04:32:01.002 o.a.s.t.ShellBolt Thread-18 [INFO] done"
	return map[string]string{
		"worker.log": log, "worker.log.1.gz": zipped(t, strings.Repeat(log+"\n", 3)), "long.txt": long.String(), "empty": "",
		"abc": "one\ntwo\nthree\n", "num": "3\n10\n2\n2\n", "no newline": "last", "sub/a b'c\"d$e.log": "odd\n", "sub/.hidden": "h\n", "bytes": "a\x00b\xff\n",
	}
}

// commands are run by the machine's tools and by real ones; both must print the
// same and end alike.
var commands = []string{
	"tail worker.log", "tail -n 2 worker.log", "tail -n2 worker.log", "tail -2 worker.log", "tail -n +3 worker.log", "tail -c 10 worker.log", "tail -c +70 worker.log",
	"tail -n 0 worker.log", "tail -n 5 long.txt abc", "tail -q -n 1 long.txt abc", "tail -v -n 1 abc", "tail -n 1 nothing abc", "cat abc | tail -n 2", "cat long.txt | tail -n +2999", "cat long.txt | tail -c 20",
	"tail -n 3000 long.txt | wc -c", "tail -n 1 'no newline'", "tail -n 1 empty", "tail -c 0 abc", "tail -n +100 abc", "tail --lines=1 abc", "tail --bytes=3 abc",
	"head abc", "head -n 1 abc", "head -1 abc", "head -c 5 abc", "head -n -1 abc", "head -n 1 abc num", "head -q -n 1 abc num", "cat abc | head -n 2", "head -c 100000 long.txt | wc -c",
	"cat abc", "cat abc num", "cat < abc", "cat - < abc", "cat nothing", "cat sub", "cat -n abc", "cat empty", "cat bytes",
	"wc abc", "wc -l abc", "wc -c < abc", "wc -l abc num", "cat abc | wc -l", "wc -w worker.log",
	"grep INFO worker.log", "grep -c INFO worker.log", "grep -v INFO worker.log", "grep -n took worker.log", "grep -i error worker.log", "grep -F '[1]' worker.log", "grep '[1]' worker.log",
	"grep -E 'took [0-9]+ ms' worker.log", "grep 'took [0-9]\\+ ms' worker.log", "grep -e took -e Error worker.log", "grep -m 1 took worker.log", "grep -H -c took worker.log", "grep -h took worker.log abc", "grep took worker.log abc",
	"grep -o '[0-9]* ms' worker.log", "grep -l took worker.log abc", "grep -L took worker.log abc", "grep -q took worker.log", "grep -q nothing worker.log", "grep nothing worker.log", "grep x nothing", "grep -s x nothing",
	"grep -A 1 Error worker.log", "grep -B1 slow worker.log", "grep -C 1 boom worker.log", "grep -w INF worker.log", "grep -x two abc", "grep -n '' abc", "grep -c '' empty", "grep -b two abc", "grep 'a.b(C' worker.log",
	"grep -E '(one|three)' abc", "grep 'one\\|two' abc", "grep '^t' abc", "grep 'e$' abc", "grep -E 't.{2}' abc", "grep -F -x -e one -e two abc", "grep -F -i ONE abc", "printf 'a\\nb\\n' | grep b", "grep -H b - < abc", "grep 'o*' abc", "grep '*' abc", "grep '\\.java' worker.log",
	"grep -m 2 -n t abc", "grep -E 'x{90,}' -c long.txt", "grep -E '^' -c abc",
	"zcat worker.log.1.gz | wc -l", "gzip -dc worker.log.1.gz | head -n 1", "gunzip -c worker.log.1.gz | tail -n 1", "zgrep -c took worker.log.1.gz", "zgrep -n slow worker.log.1.gz", "zcat abc", "zcat nothing", "gzip -dc < worker.log.1.gz | wc -l", "zcat -f abc", "cat abc | gzip -c | zcat", "zgrep -h -c took worker.log.1.gz worker.log", "zgrep took abc",
	"ls", "ls -1", "ls -a sub", "ls -A sub", "ls abc num", "ls nothing", "ls -d sub", "ls -d .", "ls sub", "ls *.log*", "ls -r", "ls sub abc", "ls -R", "ls -S *.txt abc",
	"stat -c %s abc", "stat -c '%n %s %F' abc sub empty", "stat -c '%a %A' abc", "stat -c '%Y' abc", "stat -c '%h' abc", "stat -c %s nothing", "stat --format=%s abc", "stat --printf='%s\\n' abc num", "stat -L -c %s abc", "stat -c '%y' abc", "stat -c '%-5s|%5s|%05s' abc",
	"find . -name '*.log*' | sort", "find . -type f | sort", "find . -maxdepth 1 -type d", "find sub -name '.*'", "find nothing", "find . -wholename '*sub*odd*'", "find . -name abc -printf '%f %s\\n'", "find . ! -name '*a*' | sort", "find . -size +1000c | sort", "find abc",
	"sort abc", "sort -r abc", "sort -n num", "sort -u num", "sort num | uniq -c", "sort -n num | uniq", "uniq num", "uniq -d num", "sort -k2 -n worker.log | head -n 1", "cut -d ' ' -f 1,2 abc", "cut -d. -f1 worker.log", "cut -c 1-3 abc", "tee < abc", "cut -d: -f2- worker.log",
	"dd if=abc bs=1 skip=4 count=3 status=none", "dd if=abc bs=4 count=1 status=none", "dd if=abc status=none", "dd if=abc bs=1k iflag=skip_bytes,count_bytes skip=2 count=5 status=none", "dd if=nothing status=none", "cat abc | dd bs=4 skip=1 status=none",
	"readlink abc", "readlink -f abc | grep -c abc", "basename /a/b.log .log", "dirname /a/b/c", "basename a", "dirname a", "realpath . | grep -c .",
	"echo a  b", "echo -n a", "echo", "echo '$HOME'", `echo "a b"  'c d'`, "echo $((1+2*3))", "echo $((0x10)) $((10%3))", "printf '%s-%d\\n' a 5", "printf '%s\\n' a b c", "printf '%05.1f|%x\\n' 3.14159 255", "printf 'no newline'", `printf '%s' "a\nb"`, `printf 'a\tb\n'`,
	"true", "false", "true && echo yes", "false && echo no", "false || echo or", "true; false", "! true", "! false", "false; echo $?", "(exit 7); echo $?", "exit 3", "nosuchcommand; echo $?", "exit 300",
	"test -f abc && echo file", "[ -d sub ] && echo dir", "[ -e nothing ] || echo none", "test -s empty || echo empty", "[ 3 -gt 2 ] && echo gt", "[ a = b ] || echo ne", "[ -n a -a -z '' ] && echo and", "[ ! -f nothing ] && echo not", "test -r abc && echo r", "[ \\( a = a \\) -o b = c ] && echo or", "[ a ] && echo one", "[ '' ] || echo zero", "test 1 -eq x 2>/dev/null; echo $?", "[ -L abc ] || echo nolink", "[ 5 -le 5 ] && [ 4 -ne 5 ] && [ 1 -lt 2 ] && [ 2 -ge 2 ] && echo all",
	"for i in 1 2 3; do echo $i; done", "i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done", "for f in *.log; do echo \"$f\"; done", "if true; then echo a; else echo b; fi", "if false; then echo a; elif true; then echo c; fi", "case abc in a*) echo yes;; *) echo no;; esac", "case x in [a-c]) echo 1;; x|y) echo 2;; esac",
	"until false; do echo once; break; done", "for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done", "for i in 1 2; do for j in a b; do [ $j = b ] && continue 2; echo $i$j; done; done",
	"f() { echo \"in $1 $#\"; return 4; }; f x y; echo $?", "f() { local v=1; echo $v; }; f", "x=5; (x=6; echo $x); echo $x", "{ echo a; echo b; } | wc -l", "x=$(echo hi); echo \"$x\"", "echo `echo old`", "x='a b'; echo $x \"$x\"", "echo ${x:-default} ${#HOME}x | cut -c 1-7", "x=abc.def; echo ${x%.*} ${x#*.} ${x##*.} ${#x}", ": ${y:=set}; echo $y", "set -- a 'b c' d; echo $# $2; shift; echo $1; for p; do echo \"<$p>\"; done; echo \"$@\" \"$*\"", "echo \"$(cat abc)\"",
	"echo a > /dev/null; echo b", "echo err >&2", "cat nothing 2>/dev/null; echo $?", "{ echo out; echo err >&2; } 2>&1 | sort", "cat abc 3<num <&3", "exec 3< abc; cat <&3", "cat <<EOF\nhere $((1+1))\nEOF", "cat <<'EOF'\n$x\nEOF", "cat <<-EOF\n\ttabs\n\tEOF", "echo a 2>&1 >/dev/null", "exec 2>/dev/null; cat nothing; echo after", "read a b < abc; echo $a-$b", "printf '1 2 3\\n' | { read x y; echo $y; }", "while read -r l; do echo \"[$l]\"; done < abc", "cat < nothing; echo $?", "echo x | { cat; echo y; }", ">/dev/null", "echo a >&- 2>/dev/null; echo b",
	"eval 'command exec 3<abc' 2>/dev/null; cat <&3", "exec 4<abc; { echo x; } 4</dev/null; cat <&4", "exec 3<num; cat <&3 3<abc; cat <&3", "exec 3<abc; dd if=/proc/$$/fd/3 bs=1 skip=4 count=3 2>/dev/null", "exec 3<abc; stat -L -c %s /proc/$$/fd/3", "[ -e /proc/$$/fd/0 ] && echo proc", "exec 3<abc; exec 3<&-; cat <&3 2>/dev/null; echo $?", "cat abc | cat /dev/stdin", "cat < abc - | wc -l", "[ -e /proc/$$/fd/200 ] || echo closed", "exec 3<abc; cat /dev/fd/3 /dev/fd/3", "IFS= read -r w < abc; echo \"$w\"", "echo 'a b c' | { IFS=' ' read -r x y; echo \"$x|$y\"; }",
	"sh -c 'echo $0 $1' name arg", "sh -c 'exit 5'; echo $?", "exec sh -c 'echo replaced'; echo never", "eval 'echo evaluated'; x='echo indirect'; eval $x", "sh -c \"echo 'nested \\\"quotes\\\"'\"", "echo 'echo from stdin' | sh", "sh -c 'cd sub && pwd' | grep -c sub$", "cd sub && ls", "cd nothing 2>/dev/null || echo stays", "cd sub; cd ..; ls abc", "pwd | grep -c /",
	"echo a | xargs echo b", "printf 'abc\\nnum\\n' | xargs wc -l", "printf 'a b\\n' | xargs -n 1 echo", "find . -name abc -print0 | xargs -0 cat", "printf 'x\\ny\\n' | xargs -I {} echo '<{}>'", "env | grep -c ^PATH=", "A=1 env | grep ^A=", "A=1 sh -c 'echo $A'; echo \"[$A]\"", "export B=2; sh -c 'echo $B'", "command -v cat >/dev/null && echo has", "command -v nosuch || echo hasnot", "timeout 5 echo fast", "timeout 0.05 sleep 5; echo $?", "nohup echo up 2>/dev/null", "nice echo nice",
	"seq 3", "seq 2 4", "seq 1 2 7", "seq 100000 | tail -n 1", "seq 100000 | head -n 2", "seq 5 | sort -rn | head -n1", "yes 2>/dev/null | head -n 0",
	"trap 'echo bye' EXIT; echo hi", "trap 'echo bye' 0; exit 3", "set -e; false; echo never", "set -e; false || true; echo on", "set -e; if false; then :; fi; echo on", "set -u; echo $nosuch; echo never", "set -f; echo *", "unset x; echo ${x-unset}", "readonly R=1; echo $R", "true & wait; echo $?", "(sleep 0.01; exit 4) & wait $!; echo $?", "sleep 0.01 & echo started; wait", "exit 2 | true; echo $?", "false | true; echo $?", "true | false; echo $?",
	"echo 'a", "echo )", "if; then", "for", "echo $(", "cat 'sub/a b'\\''c\"d$e.log'", "cat \"sub/a b'c\\\"d\\$e.log\"", "echo \\$HOME", "echo a#b # comment", "echo {a,b}", "echo ~root | grep -c root", "echo ~nosuchuser", "x=*.log; echo $x", "echo sub/*", "echo [ab]*", "echo nothing*", "echo 'one\ntwo'", "echo one \\\n two",
	"date -d @0 -u +%Y-%m-%dT%H:%M:%S%z", "date -u -d @1795233392 '+%s %j %u %a %b %e %p %I %F %T %D %R %y %%'", "date -d @1795233392 -u", "date -u -d @1795233392 +%s.%N", "date -u -d @1795233392 -R", "date -u -d @1795233392 -Iseconds", "date -u -d '2026-11-21 04:00:00' +%s", "date +%z", "date -u -d @5 '+%:z %-d %-H'",
	"uname", "id -un >/dev/null && echo id", "which cat >/dev/null && echo which", "kill -0 $$ && echo alive", "kill -0 999999 2>/dev/null || echo gone", "type cd >/dev/null && echo t", "sleep 0", "umask", "pwd >/dev/null",
}

func TestTheToolsAreLikeTheRealOnes(t *testing.T) {
	t.Parallel()
	// Bash as sh is what the messages and the finer points are taken from.
	bash := require.Tool(t, "bash")
	for _, tool := range []string{"zgrep", "dd", "find", "xargs", "timeout"} {
		require.Tool(t, tool)
	}
	dir := t.TempDir()
	m := machine(t)
	home := m.Files.As("storm")
	for name, text := range workspace(t) {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(full, at, at); err != nil {
			t.Fatal(err)
		}
		inside := "/work/" + name
		if err := m.Files.MkdirAll(inside[:strings.LastIndexByte(inside, '/')], "storm", 0o755, at); err != nil {
			t.Fatal(err)
		}
		if err := m.Files.WriteFile(inside, "storm", 0o644, []byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := home.Stat("/work/abc"); err != nil {
		t.Fatal(err)
	}
	m.Home = "/work"
	for _, line := range commands {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		real := exec.CommandContext(ctx, bash, "--posix", "-c", line)
		real.Args[0] = "sh"
		real.Dir = dir
		real.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=" + dir}
		var want bytes.Buffer
		real.Stdout = &want
		err := real.Run()
		status := 0
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			status = exit.ExitCode()
		} else if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var out, complaints bytes.Buffer
		got, cause := m.run(ctx, program{line: line, user: "storm", in: strings.NewReader(""), out: &out, err: &complaints})
		cancel()
		if cause != nil || got != status || out.String() != want.String() {
			t.Errorf("%q\n got %d %.300q (%.200q %v)\nwant %d %.300q", line, got, out.String(), complaints.String(), cause, status, want.String())
		}
	}
}
