// The GPUs that code is made for.
#pragma once
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>
namespace mlir {
class ModuleOp;
}
namespace strand {

/// What the stages have to know of GPUs.
struct GpuTarget {
  std::vector<std::string> chips; // "sm_90a", "sm_80": an image each
  std::string toolkit; // folder whose bin/ has ptxas; empty: PTX, which the driver compiles when it is loaded

  /// Whether all chips have the products of warpgroups, wgmma: one code serves all, and only sm_90a has them.
  bool hasWgmma() const;

  /// Bytes of shared memory that a block may take on all chips.
  int64_t sharedLimit() const;

  /// The PTX version that all chips know.
  static constexpr llvm::StringLiteral ptxFeature = "+ptx83";
};

/// `chips`: names joined by commas. Looks for ptxas in the folders of CUDA and in PATH if `wantsMachineCode`. Errors: a
/// name that is no chip from sm_80 on; machine code only is asked for and there is no ptxas.
llvm::Expected<GpuTarget> gpuTarget(llvm::StringRef chips, bool wantsPtx, bool wantsMachineCode);

/// The one image in the gpu.binary of `module`. Errors: there is none, or more than one.
llvm::Expected<std::string> imageOf(mlir::ModuleOp module);
} // namespace strand
