#!/bin/sh
# What run.sh needs on a machine with a GPU and without LLVM, as one archive: build-gpu/gpu.tar.xz, under 64 MiB.
#   test/gpu/build.sh STRANDC CHECKPOINTS
# STRANDC: a built strandc. CHECKPOINTS: a folder of checkpoint folders with references, and heldout.bin.
set -eu
strandc=$1 checkpoints=$2 out=build-gpu here=$(cd "$(dirname "$0")" && pwd)
families=${FAMILIES:-hgrn hgrn2 gla retnet mamba mamba2 recurrent_gemma}
with_cpu=${WITH_CPU:-hgrn recurrent_gemma} # whose states also go from GPU to CPU and back
with_bf16=${WITH_BF16:-gla retnet recurrent_gemma} # of the families; also with rows in bf16
rm -rf $out && mkdir -p $out/files
for f in $families; do
  "$strandc" "$checkpoints/$f" --target=nvptx --gpu-arch="${CHIPS:-sm_90a}" --cpu=x86-64-v3 -o $out/files/$f
  cp "$checkpoints/$f/reference.safetensors" $out/files/$f.safetensors
  cp "$checkpoints/$f/reference.json" $out/files/$f.json
done
for f in $with_bf16; do
  "$strandc" "$checkpoints/$f" --target=nvptx --gpu-arch="${CHIPS:-sm_90a}" --cpu=x86-64-v3 --rows=bf16 -o $out/files/$f.bf16
done
for f in $with_cpu; do
  "$strandc" "$checkpoints/$f" --cpu=x86-64-v3 -o $out/files/$f.cpu
done
cp "$checkpoints/heldout.bin" $out/files/
mkdir $out/files/ops $out/files/choice
python3 -B "$here/write_ops.py" $out/files/ops
python3 -B "$here/write_choice.py" $out/files/choice
for source in $out/files/ops/*.mlir $out/files/choice/*.mlir; do
  "$strandc" "$source" --target=nvptx --gpu-arch="${CHIPS:-sm_90a}" --cpu=x86-64-v3 --emit=shared -o "${source%.mlir}.so"
  rm "$source"
done
XZ_OPT=-1 tar -C $out/files -cJf $out/gpu.tar.xz .
rm -r $out/files
ls -l $out/gpu.tar.xz
