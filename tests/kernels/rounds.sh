#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: rounds.sh PROGRAM [ROUNDS]
# In a test kernel: loads the modules, lets them be misused (rounds.c) and
# unloads them, over and over; streams come from the parameter as well.
set -euo pipefail

program=$1
rounds=${2:-100}
id=02:00:00:00:00:01:00
streams=sim0/$id:00/ms=5,sim1/$id:01/ms=5/vid=7,sim1/$id:11/mac=91:e0:f0:00:fe:01/mode=copy,sim9/$id:02

for ((round = 1; round <= rounds; round++)); do
	load_modules 2 "$streams"
	if ((round % 10 == 0)); then	# before it is waited for
		exec {held}<>/dev/avtpmap
		if rmmod avtpmap 2>/dev/null; then
			echo "rounds $round: unloaded while it is held"
			exit 1
		fi
		exec {held}>&-
		ip link set sim1 down
		ip link set sim1 name other
		ip link set other name sim1
		ip link set sim1 up
	fi
	"$program" "$round"
	if ((round % 2)) && lsmod | grep -q ^avtpmap_sim; then rmmod avtpmap_sim; fi
	rmmod avtpmap
	if lsmod | grep -q ^avtpmap_sim; then rmmod avtpmap_sim; fi
	rmmod avtpmap_hook
done
echo "$rounds rounds"
