#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: rounds.sh PROGRAM [ROUNDS]
# In a test kernel: the modules are loaded, misused (rounds.c) and unloaded, over
# and over.
set -euo pipefail

program=$1
rounds=${2:-100}

for ((round = 1; round <= rounds; round++)); do "$program" "$round"; done
echo "$rounds rounds in $SECONDS s"
