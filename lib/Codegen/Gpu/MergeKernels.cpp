#include "lib/Codegen/EqualFunctions.h"
#include "lib/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_MERGEKERNELS
#include "lib/Passes.h.inc"
namespace {

struct MergeKernels : impl::MergeKernelsBase<MergeKernels> {
  void runOnOperation() override {
    auto names = getOperation()->getAttrOfType<ArrayAttr>("strand.kernels");
    if (!names)
      return;
    EqualFunctions kernels;
    DenseMap<Attribute, StringAttr> stays;
    for (auto device : getOperation().getOps<gpu::GPUModuleOp>())
      for (auto kernel : llvm::make_early_inc_range(device.getOps<gpu::GPUFuncOp>())) {
        FunctionOpInterface first = kernels.firstLike(kernel);
        stays[kernel.getNameAttr()] = first.getNameAttr();
        if (first == kernel)
          continue;
        kernel.erase();
        ++numMerged;
      }
    for (Attribute name : names)
      if (!stays.contains(name)) {
        getOperation().emitError() << "strand.kernels names " << name << ", which is no kernel of a gpu.module";
        return signalPassFailure();
      }
    auto left = llvm::map_to_vector(names, [&](Attribute name) -> Attribute { return stays.lookup(name); });
    getOperation()->setAttr("strand.kernels", ArrayAttr::get(&getContext(), left));
  }
};
} // namespace
} // namespace strand
