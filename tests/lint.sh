#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: lint.sh [CHECK...]
# Style, static analysis, and the house rules of the tree. What is not installed
# is skipped, aloud. Without arguments all checks run; see the list at the end.
set -uo pipefail
shopt -s lastpipe	# report() counts, at the end of pipes

cd "$(dirname "$0")/.." || exit 1
cache=${AVTPMAP_CACHE:-/var/cache/avtpmap}
scratch=build/lint
mkdir -p "$scratch"
passed=0 failed=0 skipped=0

# Tracked files and new ones, so that nothing is checked only after its commit.
mapfile -t files < <(git ls-files --cached --others --exclude-standard | grep -v '^build/' | sort -u)

# list PATTERN: those files whose path matches
list()
{
	local f

	for f in "${files[@]}"; do
		[[ -f $f && $f =~ $1 ]] && echo "$f"
	done
	return 0
}

# report NAME: passes if standard input is empty, and shows it otherwise
report()
{
	local found

	found=$(cat)
	if [ -z "$found" ]; then
		echo "ok - $1"
		passed=$((passed + 1))
	else
		printf '%s\n' "$found" | head -n 100 | sed 's/^/    /'
		echo "not ok - $1"
		failed=$((failed + 1))
	fi
}

skip()
{
	echo "skip - $1: $2"
	skipped=$((skipped + 1))
}

have()
{
	command -v "$1" >/dev/null
}

# The kernel's scripts, wherever one of its trees lies.
kernel_script()
{
	local name=$1 found source

	found=$(find "${KDIR:-/nonexistent}/scripts" /lib/modules/*/build/scripts /usr/src/linux-*/scripts \
		/usr/lib/linux-kbuild-*/scripts "$cache"/*/scripts "$scratch/scripts" \
		-maxdepth 1 -name "$name" 2>/dev/null | head -n 1)
	if [ -z "$found" ]; then
		source=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.xz' 2>/dev/null | sort -V | tail -n 1)
		[ -n "$source" ] || return 1
		tar -xJf "$source" -C "$scratch" --strip-components=1 --wildcards '*/scripts/checkpatch.pl' \
			'*/scripts/spelling.txt' '*/scripts/const_structs.checkpatch' '*/scripts/kernel-doc' 2>/dev/null
		found=$scratch/scripts/$name
	fi
	[ -f "$found" ] && echo "$found"
}

# compat holds the version tests, env.h is the barriers, and a static key is
# defined by a macro that checkpatch does not know.
checkpatch_one()
{
	local ignore=

	case $1 in
	kmod/compat/*) ignore=LINUX_VERSION_CODE,CONSTANT_COMPARISON ;;
	kmod/shared/env.h) ignore=MEMORY_BARRIER,VOLATILE,COMPLEX_MACRO,PREFER_DEFINED_ATTRIBUTE_MACRO ;;
	kmod/hook.c) ignore=EXPORT_SYMBOL ;;
	kmod/trace.h) ignore=TRACE_EVENT,OPEN_ENDED_LINE,SPACING,COMPLEX_MACRO,MACRO_ARG_REUSE ;;
	esac
	perl "$checkpatch" --no-tree --terse --show-types --no-summary ${ignore:+--ignore "$ignore"} -f "$1" 2>&1 |
		grep -v '^total:'
}

check_checkpatch()
{
	local f

	checkpatch=$(kernel_script checkpatch.pl)
	if [ -z "$checkpatch" ] || ! have perl; then
		skip checkpatch "no kernel tree with scripts/checkpatch.pl (apt-get install linux-source)"
		return
	fi
	for f in $(list '^(kmod|uapi)/.*\.[ch]$|^tests/(sim|kunit)/.*\.[ch]$'); do
		checkpatch_one "$f"
	done | report "checkpatch, module and headers"
	for f in $(list '^patches/.*\.patch$'); do
		# from standard input, or git makes it take the patch for a source
		perl "$checkpatch" --no-tree --terse --show-types --no-summary --ignore FILE_PATH_CHANGES - <"$f" 2>&1 |
			grep -v '^total:' | sed "s,^-:,$f:,"
	done | report "checkpatch, driver patches"
}

check_kerneldoc()
{
	local script

	script=$(kernel_script kernel-doc)
	if [ -z "$script" ] || ! have perl; then
		skip kernel-doc "no kernel tree with scripts/kernel-doc (apt-get install linux-source)"
		return
	fi
	# what is reserved needs no description
	# shellcheck disable=SC2046 # one word per file
	"$script" -none $(list '^(uapi|kmod)/.*\.h$') 2>&1 | grep -v "member 'resv[0-9]*' not described" |
		report kernel-doc
}

check_cppcheck()
{
	have cppcheck || { skip cppcheck "not installed"; return; }
	mkdir -p "$scratch/cppcheck"
	# shellcheck disable=SC2046 # one word per file
	cppcheck --quiet -j2 --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=0 \
		--suppressions-list=tests/cppcheck.txt --template='{file}:{line}: {id}: {message}' \
		-D__x86_64__ -DAVTPMAP_VERSION='"0"' -DAVTPMAP_PATCHED='"igb"' -U__KERNEL__ -U__bpf__ -U__cplusplus -U__SANITIZE_THREAD__ -D'LIBBPF_OPTS(type,name,...)=struct type name = {0}' --library=gtk -D'GST_AUDIO_NE(s)=#s' \
		--cppcheck-build-dir="$scratch/cppcheck" -Iuapi -Ilib/include $(list '^(lib|tools|tests/(unit|fuzz|qemu|conformance|jack|pipewire|alsa|nic))/.*\.c$' | grep -v '\.bpf\.c$') \
		2>&1 | report cppcheck
}

check_format()
{
	local f

	have clang-format || { skip clang-format "not installed"; return; }
	for f in $(list '^(lib|tools|tests)/.*\.[ch]$' | grep -vE '^tests/(sim|kunit)/'); do
		clang-format --dry-run -Werror "$f" >/dev/null 2>&1 || echo "$f: clang-format -i $f"
	done | report clang-format
}

check_shellcheck()
{
	local f

	have shellcheck || { skip shellcheck "not installed"; return; }
	for f in "${files[@]}"; do
		[[ -f $f ]] && head -n 1 "$f" | grep -qE '^#!.*/(ba|da)?sh' && echo "$f"
	done | xargs -r shellcheck -x --format=gcc 2>&1 | report shellcheck
}

# Who may include whom (the design's rule). Prints offending lines.
includes()
{
	local where=$1 allowed=$2

	list "$where" | xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include' /dev/null |
		grep -vE "include[[:space:]]*($allowed)"
}

check_includes()
{
	includes '^uapi/.*\.h$' '<linux/(types|ioctl)\.h>' | report "uapi includes linux/types.h only"
	includes '^kmod/shared/(avtp|format|key|account|account_state|sequence|rtag|ring_prod|period|quorum|wake|streamid)\.h$' \
		'<linux/(types|avtpmap)\.h>|"(env|avtp|format|key|account|account_state|sequence|rtag|ring_prod|period|quorum)\.h"' |
		report "shared includes uapi and env only"
	includes '^kmod/[^/]*\.[ch]$|^kmod/compat/' \
		'<(linux|net|uapi|asm|trace)/[a-z0-9_/-]+\.h>|"(shared/)?[a-z_]+\.h"' |
		report "kmod includes the kernel, shared and uapi only"
	includes '^lib/[^/]*\.[ch]$' '<|"[a-z_]+\.h"|"\.\./kmod/shared/[a-z_]+\.h"' |
		report "lib includes shared and uapi only"
	includes '^lib/[^/]+/[^/]*\.[ch]$' \
		'<|"(\.\./)?[a-z_]+\.h"|"(bpf/state|(avtpmap|beside)\.skel)\.h"|"(\.\./){2}kmod/shared/[a-z_]+\.h"' |
		report "lib's rooms include lib, shared and uapi only, not each other"
	includes '^lib/xdp/bpf/' '<|"(state|[a-z]+\.bpf)\.h"|"(\.\./){3}kmod/shared/[a-z_]+\.h"' |
		report "the XDP program includes shared and uapi only"
	includes '^lib/include/' '<(avtpmap/[a-z]+|linux/avtpmap(_netlink)?|[a-z]+)\.h>' | report "lib/include includes itself only"
	includes '^tools/[^/]*\.[ch]$' '<|"[a-z_]+\.h"' | report "tools include lib/include only"
	includes '^tools/[^/]+/.*\.[ch]$' '<|"(\.\./)?[a-z_]+\.h"' | grep -v '^tools/doctor/.*"\.\./tune/tune\.h"$' |
		report "a command's folder includes tools and itself only, and doctor what tune knows"
	list '^tools/.*\.[ch]$' | xargs -r grep -nE 'include <(linux/avtpmap|netlink/)' /dev/null |
		report "tools reach the module through the library only"
	list '^(kmod|uapi)/.*\.[ch]$' | grep -v '^kmod/compat/' | xargs -r grep -n 'LINUX_VERSION_CODE' |
		report "kernel versions are compat's business"
}

check_spdx()
{
	local f id

	for f in $(list '\.(c|h|sh|py|yaml|[1-8])$|(^|/)(Makefile|Kbuild)[^/]*$'); do
		head -n 3 "$f" | grep -q 'SPDX-License-Identifier: ' || echo "$f"
	done | report "SPDX line in every source file"
	grep -hoE 'SPDX-License-Identifier: .*' "${files[@]}" 2>/dev/null | sed 's/.*Identifier: //; s,\*/.*,,' |
		grep -oE '[A-Z][A-Za-z0-9.-]*[0-9A-Za-z]' | grep -vE '^(OR|AND|WITH)$' | sort -u |
		while read -r id; do
			[ -f "LICENSES/$id" ] || echo "LICENSES/$id is missing"
		done | report "the text of every licence"
}

check_words()
{
	# shellcheck disable=SC2016 # $ and } are characters here
	list . | grep -vE '^LICENSES/|^tests/lint.sh$' | xargs grep -nIE '(^|[^A-Za-z0-9_./$}])/(work|home|root)/|[a-z0-9.-]+\.debian\.org|ftp\.|pypi\.|docker\.io' |
		report "no paths of a machine, no registry hosts"
	list . | grep -vE '^LICENSES/|^tests/lint.sh$' | xargs grep -nIwE 'TODO|FIXME|XXX' | grep -v 'XXXXXX' |
		report "nothing left to do in comments"
	list '\.(c|h|sh|1|3|7|8|md|yaml)$' | grep -v '^LICENSES/' | xargs grep -nIE '[[:space:]]+$' | report "no blanks at the ends of lines"
	if have codespell; then
		list '\.(c|h|sh|1|3|7|8|md|yaml)$' | grep -v '^LICENSES/' | xargs codespell -L 'datas,inout,joinin,te,thru' 2>&1 | report codespell
	else
		skip codespell "not installed"
	fi
}

# A file near 600 lines or a function near 60 has a second noun in it.
check_size()
{
	list '\.(c|h|sh)$' | xargs wc -l | awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }' |
		report "no file over 600 lines"
	# shellcheck disable=SC2016 # $0 is awk's
	list '\.c$|^kmod/shared/.*\.h$|^lib/include/.*\.h$' | xargs awk '
		FNR == 1 { start = 0 }
		/^{/ { start = FNR; name = last }
		/^}/ && start { if (FNR - start - 1 > 60) print FILENAME ": " name ": " FNR - start - 1 " lines"; start = 0 }
		/^[a-z]/ { last = $0 }' | report "no function over 60 lines"
}

check_man()
{
	local f

	[ -n "$(list '\.[1-8]$')" ] || { skip "man pages" "there are none yet"; return; }
	have man || { skip "man pages" "man is not installed"; return; }
	for f in $(list '\.[1-8]$'); do
		LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$f" 2>&1 >/dev/null | sed "s,^,$f: ,"
	done | report "man pages"
	have mandoc || { skip "man pages, mandoc" "not installed"; return; }
	# shellcheck disable=SC2046 # one word per file
	mandoc -Tlint -Wwarning $(list '\.[1-8]$') 2>&1 | report "man pages, mandoc"
}

# The module by sparse, on a tree that it can be built for.
check_sparse()
{
	have sparse || { skip sparse "not installed"; return; }
	[ -f "${KDIR:-/lib/modules/$(uname -r)/build}/Makefile" ] || {
		skip "sparse on the module" "no kernel headers; KDIR=DIR names some"
		return
	}
	make -s modules C=2 DRIVERS= 2>&1 | grep -E ': (warning|error):' | report "sparse on the module"
}

all=(includes spdx words size checkpatch kerneldoc sparse cppcheck format shellcheck man)
for check in "${@:-${all[@]}}"; do
	"check_$check"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
