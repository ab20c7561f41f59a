def DeviceIntrinsics : Pass<"strand-device-intrinsics"> {
  let summary = "calls of libdevice to intrinsics of LLVM";
  let description = [{
    `convert-gpu-to-nvvm` turns math on scalars into calls of CUDA's libdevice, which is not linked. Those that the GPU has
    an instruction for become intrinsics again: fma, square root (rounded to nearest), absolute value, floor, ceil, truncation,
    copysign, powers of 2 of f32. A prefetch becomes the GPU's, into the second level of caches. Shared memory is that of
    the launch, aligned to 1024 bytes, and the last argument of a kernel with `strand.maps` is so many maps of 128 bytes by
    value. Others are errors: `strand-expand-math` has to write them as arithmetic before.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}
