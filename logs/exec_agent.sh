# Serves one log file and the row of its rotated generations over standard
# input and output. The file is $f. The first line read is a word that nobody
# else can know; every answer ends with a line that begins with it, so that no
# content of a file can be taken for the end of an answer.
#
# Requests are one line each: a number, a letter, arguments. Files are held open
# as descriptors 3 to 9, so that a rename takes nothing away. The program ends
# with its input.
LC_ALL=C
export LC_ALL
unset CDPATH ENV
IFS= read -r word || exit 0
proc=0
[ -e "/proc/$$/fd/0" ] && proc=1
how=ls
if stat -L -c '%s %Y %f' / >/dev/null 2>&1; then how=gnu
elif stat -L -f '%z %m %Xp' / >/dev/null 2>&1; then how=bsd
fi

answer() { printf '\n%s %s\n' "$word" "$*"; }

# look sets info to "size time mode" of $1, or why to the reason.
look() {
	case $how in
	gnu) info=$(stat -L -c '%s %Y %f' "$1" 2>&1) && return 0 ;;
	bsd) info=$(stat -L -f '%z %m %Xp' "$1" 2>&1) && return 0 ;;
	*)
		info=$(ls -Lnd "$1" 2>&1) && {
			set -- $info
			case $1 in -*) mode=8000 ;; *) mode=0 ;; esac
			info="$5 0 $mode"
			return 0
		}
		;;
	esac
	case $info in
	*[Dd]enied*) why=denied ;;
	*) why=missing ;;
	esac
	return 1
}

# held sets path to what leads to the open file in slot $1.
held() {
	if [ $proc = 1 ]; then path=/proc/$$/fd/$1; else eval "path=\$name$1"; fi
}

answer 0 ready

while IFS=' ' read -r id op a b c d; do
	case $op in
	stat)
		if look "$f$a"; then answer "$id" ok "$info"; else answer "$id" "$why"; fi
		;;
	open)
		if [ ! -f "$f$b" ]; then
			answer "$id" missing
		elif [ ! -r "$f$b" ]; then
			answer "$id" denied
		elif eval "command exec $a<\"\$f\$b\"" 2>/dev/null; then
			eval "name$a=\$f\$b"
			answer "$id" ok
		else
			answer "$id" missing
		fi
		;;
	held)
		held "$a"
		if look "$path"; then answer "$id" ok "$info"; else answer "$id" "$why"; fi
		;;
	read)
		held "$a"
		dd if="$path" bs="$b" skip="$c" count="$d" 2>/dev/null
		answer "$id" ok
		;;
	shut)
		eval "exec $a<&-"
		answer "$id" ok
		;;
	list)
		for g in "$f".[0-9]* "$f"-[0-9]*; do
			look "$g" && printf '%s %s\n' "$info" "${g#"$f"}"
		done
		answer "$id" ok
		;;
	esac
done
