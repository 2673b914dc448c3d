#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: completion.sh AVTPMAP
# Shell completion offers what the command's tables hold, and nothing else.
set -u
tool=$1
here=$(cd "$(dirname "$0")" && pwd)
n=0
# shellcheck source-path=SCRIPTDIR source=../../tools/completion/avtpmap.bash
. "$here/../../tools/completion/avtpmap.bash"

# offers NAME EXPECTED WORD...: for the last WORD, as bash would split them
offers()
{
	local name=$1 expected=$2 got

	shift 2
	COMP_WORDS=(avtpmap "$@")
	COMP_CWORD=$#
	_avtpmap "$tool" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	got=$(printf '%s\n' "${COMPREPLY[@]}" | sort | xargs)
	n=$((n + 1))
	if [ "$got" = "$expected" ]; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: '$got', expected '$expected'"
	fi
}

echo 1..13
commands=$(sed -n 's/^	\.name = "\(.*\)",$/\1/p' "$here"/../../tools/{cmd_*,*/cmd}.c)
offers "every command" "$(printf "%s\n" "$commands" help --help --version | sort | xargs)" ""
offers "commands that begin so" "del detach" de
offers "options" "--backend --count --help --interval --json --seconds" monitor -
offers "options of help" "scan set show stats" help s
offers "what stats leaves out" "--nonzero" stats --n
offers "interfaces" lo show lo
offers "keywords" "mac= mbit= mode= ms=" add lo 0011223344550001 m
offers "values of a keyword" "copy" set lo 0011223344550001 mode = c
offers "values of an option" "root" attach lo --group roo
offers "backends" "xdp" attach lo --backend x
offers "files of a configuration" "$here/completion.sh" check-config "$here/completion."
offers "and a directory of them" "$here" check-config --dir "${here%nit}nit"
offers "an interface of it" lo apply --interface l
