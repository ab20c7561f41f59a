#include "lib/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_MERGEKERNELS
#include "lib/Passes.h.inc"
namespace {

std::string textWithoutName(gpu::GPUFuncOp kernel) {
  StringAttr name = kernel.getNameAttr();
  std::string text;
  llvm::raw_string_ostream stream(text);
  kernel.setName("kernel");
  // all of it, whatever the command line asks to be shown
  kernel.print(stream, OpPrintingFlags().elideLargeElementsAttrs(INT64_MAX).elideLargeResourceString(INT64_MAX));
  kernel.setName(name);
  return text;
}

struct MergeKernels : impl::MergeKernelsBase<MergeKernels> {
  void runOnOperation() override {
    auto names = getOperation()->getAttrOfType<ArrayAttr>("strand.kernels");
    if (!names)
      return;
    llvm::StringMap<StringAttr> first; // by text
    DenseMap<Attribute, StringAttr> stays;
    for (auto device : getOperation().getOps<gpu::GPUModuleOp>())
      for (auto kernel : llvm::make_early_inc_range(device.getOps<gpu::GPUFuncOp>())) {
        StringAttr name = kernel.getNameAttr();
        auto [known, isNew] = first.try_emplace(textWithoutName(kernel), name);
        stays[name] = known->second;
        if (isNew)
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
