#include "lib/Codegen/LlvmConstants.h"
#include "lib/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "strand/abi.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_EMBEDKERNELS
#include "lib/Passes.h.inc"
namespace {

struct EmbedKernels : impl::EmbedKernelsBase<EmbedKernels> {
  using EmbedKernelsBase::EmbedKernelsBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto binaries = llvm::to_vector(module.getOps<gpu::BinaryOp>());
    if (binaries.empty())
      return;
    auto names = module->getAttrOfType<ArrayAttr>("strand.kernels");
    if (!names || binaries.size() > 1) {
      module.emitError() << "has " << binaries.size() << " gpu.binary and " << (names ? "" : "no ")
                         << "strand.kernels; one of each is needed, as strand-outline-kernels leaves them";
      return signalPassFailure();
    }
    if (failed(emit(binaries[0], names)))
      return signalPassFailure();
    binaries[0].erase();
    module->removeAttr("strand.kernels");
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }

  LogicalResult emit(gpu::BinaryOp binary, ArrayAttr names) {
    LlvmConstants c(getOperation(), prefix);
    SmallVector<Constant> kernels, images;
    for (auto [i, name] : llvm::enumerate(names.getAsRange<StringAttr>()))
      kernels.push_back(c.text("kernel." + Twine(i), name));
    for (auto [i, attr] : llvm::enumerate(binary.getObjects())) {
      auto object = cast<gpu::ObjectAttr>(attr);
      auto target = dyn_cast<NVVM::NVVMTargetAttr>(object.getTarget());
      bool ptx = object.getFormat() == gpu::CompilationTarget::Assembly;
      if (!target || !(ptx || object.getFormat() == gpu::CompilationTarget::Binary))
        return binary.emitError() << "holds an image that is neither PTX nor machine code for an NVVM target";
      images.push_back(
          c.record({c.text("chip." + Twine(i), target.getChip()), c.number(ptx ? STRAND_PTX : STRAND_CUBIN),
                    c.number(object.getObject().getValue().size()),
                    c.text("image." + Twine(i), object.getObject().getValue(), 64)}));
    }
    c.define(prefix + "_device",
             c.record({c.number(STRAND_ABI_VERSION), c.number(kernels.size()), c.array("kernels", kernels),
                       c.number(images.size()), c.array("images", images)}));
    return success();
  }
};
} // namespace
} // namespace strand
