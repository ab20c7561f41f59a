#!/bin/sh
# Correctness, speed and sanitizers on a machine with an NVIDIA GPU: prints "N passed, N failed" and exits 1 if any failed.
#   test/gpu/run.sh [FOLDER]     FOLDER: where test/gpu/build.sh put gpu.tar.xz; build-gpu by default
# Needs python3 with numpy. LOGS: folder for what is too long to be shown.
set -u
here=$(cd "$(dirname "$0")" && pwd) from=${1:-build-gpu}
work=$(mktemp -d) logs=${LOGS:-$work}
trap 'rm -rf "$work"' EXIT
python3 -m tarfile -e "$from/gpu.tar.xz" "$work" || exit 1 # xz may not be there
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null
PYTHONPATH="$here/../oracle" PYTHONUNBUFFERED=1 python3 -B "$here/check.py" "$work" "$logs"
