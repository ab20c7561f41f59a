#!/bin/sh
# What run.py needs on a machine with a GPU and without LLVM: build-gpu/bench, with a library for each case.
#   test/bench/gpu/build.sh STRANDC [CASE...]     CASE: what names of cases begin with; all without
# WHEELS: a folder of wheels of peers to take along. PROGRAMS: compiled models whose bench is run as well.
set -eu
strandc=$1 here=$(cd "$(dirname "$0")" && pwd) out=build-gpu/bench
shift
rm -rf $out && mkdir -p $out
python3 -B "$here/write_cases.py" $out "$@"
for source in $out/*.mlir; do
  "$strandc" "$source" --target=nvptx --gpu-arch="${CHIPS:-sm_90a}" --cpu=x86-64-v3 --emit=shared -o "${source%.mlir}.so"
done
for p in ${PROGRAMS:-}; do
  mkdir -p $out/programs && cp "$p" $out/programs/
done
cp "$here/run.py" "$here/peers.py" $out/
[ -z "${WHEELS:-}" ] || cp -r "$WHEELS" $out/wheels
du -sh $out
