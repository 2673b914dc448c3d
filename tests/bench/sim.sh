#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# usage: kernels/run.sh uml -- sim.sh PROGRAM [ARGUMENT...]
# In a test kernel: loads the modules with one simulated port and runs PROGRAM.
set -euo pipefail

load_modules 1
exec "$@"
