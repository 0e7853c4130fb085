#!/usr/bin/env bash
# What a supervisor runs for a profiler request:
#   flight.bash PID start [SETTINGS] | dump DIR | stop DIR | jstack DIR | jmap DIR | kill
# A 1.x supervisor without this file ends itself at the first request, even for a thread dump.
set -u

usage() {
    echo "usage: $0 PID start [SETTINGS] | dump DIR | stop DIR | jstack DIR | jmap DIR | kill" >&2
    exit 255
}

[ $# -ge 2 ] || usage
pid=$1 action=$2 target=${3:-}
tools=${JAVA_HOME:+$JAVA_HOME/bin/}
stamp=$(date +'@STAMP@')

if ! kill -0 "$pid" 2>/dev/null; then
    echo "no process $pid" >&2
    usage
fi
case $action in
    dump | stop | jstack | jmap) [ -d "$target" ] || { echo "no directory \"$target\"" >&2; usage; } ;;
esac

recordings() { "${tools}jcmd" "$pid" JFR.check | sed -n 's/.*recording=\([0-9]*\).*/\1/p'; }

case $action in
    start)
        [ -n "$(recordings)" ] || "${tools}jcmd" "$pid" JFR.start "settings=${target:-profile}"
        ;;
    dump | stop)
        for id in $(recordings); do
            "${tools}jcmd" "$pid" JFR.dump "recording=$id" "filename=$target/recording-$pid-$id-$stamp.jfr"
            [ "$action" = dump ] || "${tools}jcmd" "$pid" JFR.stop "recording=$id"
        done
        ;;
    jstack) "${tools}jstack" "$pid" >"$target/jstack-$pid-$stamp.txt" 2>&1 ;;
    jmap) "${tools}jmap" -dump:format=b,file="$target/recording-$pid-$stamp.bin" "$pid" ;;
    kill) kill -9 "$pid" ;;
    *) usage ;;
esac
