# SPDX-License-Identifier: MIT
# Completion of avtpmap(8) for bash, without the help of any other package.
#
# Commands and options are read from the command's own --help, which is printed
# from its tables: so there is no second list here that could be wrong.

# Lines of a list in --help: "  name  meaning"; of two names the first.
_avtpmap_names()
{
	local line

	while IFS= read -r line; do
		[[ $line =~ ^\ \ ([a-z-]+=?) ]] && printf '%s\n' "${BASH_REMATCH[1]}"
	done < <("$@" --help 2>/dev/null)
}

# Stream ids on an interface, written without colons, at which bash breaks words.
_avtpmap_streams()
{
	local line on=

	while IFS= read -r line; do
		[[ $line =~ \"ifname\":\ *\"([^\"]*)\" ]] && on=${BASH_REMATCH[1]}
		if [[ $line =~ \"stream_id\":\ *\"([0-9a-f:]*)\" && ( -z $1 || $on == "${1%.*}" || $on == "$1" ) ]]; then
			printf '%s\n' "${BASH_REMATCH[1]//:/}"
		fi
	done < <("$2" show --json 2>/dev/null)
}

_avtpmap_interfaces()
{
	local path

	for path in /sys/class/net/*; do
		[[ -d $path ]] && printf '%s\n' "${path##*/}"
	done
}

# What --OPTION or KEYWORD= takes.
_avtpmap_values()
{
	case $1 in
	mode) printf '%s\n' take copy ;;
	vid) printf '%s\n' none 2 ;;
	--group) compgen -g; echo none ;;
	--backend) printf '%s\n' auto kmod xdp packet ;;
	--xdp) printf '%s\n' native generic ;;
	--interface) _avtpmap_interfaces ;;
	--dir) compgen -d -- "$2" ;;
	--wav | --pcap | --svg) compgen -f -- "$2" ;;
	esac
}

_avtpmap()
{
	local tool=$1 cur=$2 prev=$3 command=${COMP_WORDS[1]} words i args=0

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$(_avtpmap_names "$tool") help --help --version" -- "$cur")
		return
	fi
	if [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_avtpmap_names "$tool")" -- "$cur")
		return
	fi
	# bash makes "mode=take" three words
	if [[ $cur == = ]]; then
		prev="=" cur=""
	fi
	if [[ $prev == = ]]; then
		i=$((COMP_CWORD - 2))
		[[ ${COMP_WORDS[COMP_CWORD]} == = ]] && i=$((COMP_CWORD - 1))
		mapfile -t COMPREPLY < <(compgen -W "$(_avtpmap_values "${COMP_WORDS[i]}" "$cur")" -- "$cur")
		return
	fi
	words=$(_avtpmap_values "$prev" "$cur")
	if [[ -n $words ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
		return
	fi
	words=$(_avtpmap_names "$tool" "$command")
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$cur")
		return
	fi
	for ((i = 2; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == -* ]] || args=$((args + 1))
	done
	if [[ $command == check-config || $command == apply ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
	fi
	case $args in
	0) words=$(_avtpmap_interfaces) ;;
	1) words=$(_avtpmap_streams "${COMP_WORDS[COMP_CWORD - 1]}" "$tool") ;;
	*)
		if [[ $command == clock ]]; then
			words=$(_avtpmap_streams "${COMP_WORDS[2]}" "$tool")
			mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
			return
		fi
		words=$(grep -F "=" <<<"$words")
		compopt -o nospace 2>/dev/null
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _avtpmap avtpmap
