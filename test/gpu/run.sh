#!/bin/sh
# Correctness, speed and sanitizers on a machine with an NVIDIA GPU: ops at the edges of what they take, the choice of
# tokens, then models; prints "N passed, N failed" of each and exits 1 if any failed.
#   test/gpu/run.sh [FOLDER]     FOLDER: where test/gpu/build.sh put gpu.tar.xz; build-gpu by default
# Needs python3 with numpy. STRAND_CUBLASLT: the library for large products; else it is looked for beside python3's packages
# and in CUDA's folder. LOGS: folder for what is too long to be shown. OPS_ONLY, MODELS_ONLY: not empty, for one half.
set -u
here=$(cd "$(dirname "$0")" && pwd) from=${1:-build-gpu}
work=$(mktemp -d) logs=${LOGS:-$work}
trap 'rm -rf "$work"' EXIT
python3 -m tarfile -e "$from/gpu.tar.xz" "$work" || exit 1 # xz may not be there
nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null
find_library() {
  for f in $(python3 -c 'import sys; print(*[p + "/nvidia/*/lib" for p in sys.path if p])') /usr/local/cuda/lib64; do
    ls -d $f/libcublasLt.so.1[23] 2>/dev/null
  done | head -n 1
}
STRAND_CUBLASLT=${STRAND_CUBLASLT:-$(find_library)}
[ -n "$STRAND_CUBLASLT" ] && export STRAND_CUBLASLT || unset STRAND_CUBLASLT
echo "products: ${STRAND_CUBLASLT:-no cuBLASLt was found}"
export PYTHONPATH="$here/../oracle" PYTHONUNBUFFERED=1
status=0
[ -n "${MODELS_ONLY:-}" ] || python3 -B "$here/check_ops.py" "$work/ops" || status=1
[ -n "${MODELS_ONLY:-}" ] || python3 -B "$here/check_choice.py" "$work/choice" || status=1
[ -n "${OPS_ONLY:-}" ] || python3 -B "$here/check.py" "$work" "$logs" || status=1
exit $status
