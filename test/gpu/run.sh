#!/bin/sh
# Correctness, speed and sanitizers on a machine with an NVIDIA GPU: ops at the edges of what they take, the choice of
# tokens, then models, then the cases of test/bench/gpu if they lie in FOLDER/bench; prints "N passed, N failed" of each
# and exits 1 if any failed.
#   test/gpu/run.sh [FOLDER]     FOLDER: where test/gpu/build.sh put gpu.tar.xz; build-gpu by default
# Needs python3 with numpy. STRAND_CUBLASLT: the library for large products; else it is looked for beside python3's packages
# and in CUDA's folder. LOGS: folder for what is too long to be shown. OPS_ONLY, MODELS_ONLY, BENCH_ONLY: not empty, for one part.
# BENCH_SECONDS: after which no case is begun; 220 by default, which with all else is under 8 minutes.
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
only() { # whether the part that $1 names is wanted
  case ${OPS_ONLY:+OPS}${MODELS_ONLY:+MODELS}${BENCH_ONLY:+BENCH} in "" | "$1") ;; *) return 1 ;; esac
}
bench() {
  [ ! -d "$from/bench/wheels" ] || # peers that the machine has not installed
    python3 -m pip install -q --no-index --no-deps --target "$work/site" "$from"/bench/wheels/*.whl
  PYTHONPATH="$work/site:$PYTHONPATH" python3 -B "$from/bench/run.py" "$from/bench" --seconds "${BENCH_SECONDS:-220}"
}
if only OPS; then
  python3 -B "$here/check_ops.py" "$work/ops" || status=1
  python3 -B "$here/check_choice.py" "$work/choice" || status=1
fi
if only MODELS; then python3 -B "$here/check.py" "$work" "$logs" || status=1; fi
if only BENCH && [ -d "$from/bench" ]; then bench || status=1; fi
exit $status
