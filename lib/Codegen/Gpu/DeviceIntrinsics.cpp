#include "lib/Passes.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Builders.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DEVICEINTRINSICS
#include "lib/Passes.h.inc"
namespace {
constexpr StringLiteral libraryPrefix = "__nv_", powerOfTwoName = "llvm.nvvm.ex2.approx.ftz";

template <typename Op> Value emit(OpBuilder &b, LLVM::CallOp call) {
  return Op::create(b, call.getLoc(), call.getResultTypes(), call.getArgOperands())->getResult(0);
}

/// The instruction: results that are not normal numbers are 0.
Value emitPowerOfTwo(OpBuilder &b, LLVM::CallOp call) {
  auto name = b.getStringAttr(powerOfTwoName);
  return LLVM::CallIntrinsicOp::create(b, call.getLoc(), call.getResultTypes()[0], name, call.getArgOperands())
      .getResult(0);
}

struct Intrinsic {
  StringRef name; // in f64; in f32 it ends with f
  Value (*emit)(OpBuilder &, LLVM::CallOp);
};
constexpr Intrinsic intrinsics[] = {
    {"fma", emit<LLVM::FMAOp>},     {"sqrt", emit<LLVM::SqrtOp>},   {"fabs", emit<LLVM::FAbsOp>},
    {"floor", emit<LLVM::FFloorOp>}, {"ceil", emit<LLVM::FCeilOp>}, {"trunc", emit<LLVM::FTruncOp>},
    {"copysign", emit<LLVM::CopySignOp>}, {"fmax", emit<LLVM::MaxNumOp>}, {"fmin", emit<LLVM::MinNumOp>},
    {"exp2", emitPowerOfTwo}};

struct DeviceIntrinsics : impl::DeviceIntrinsicsBase<DeviceIntrinsics> {
  void runOnOperation() override {
    SmallVector<LLVM::CallOp> calls;
    SmallVector<LLVM::LLVMFuncOp> declarations;
    getOperation()->walk([&](Operation *op) {
      if (auto call = dyn_cast<LLVM::CallOp>(op);
          call && call.getCallee() && call.getCallee()->starts_with(libraryPrefix))
        calls.push_back(call);
      if (auto f = dyn_cast<LLVM::LLVMFuncOp>(op); f && f.getName().starts_with(libraryPrefix))
        declarations.push_back(f);
    });
    for (LLVM::CallOp call : calls)
      if (failed(replace(call)))
        return signalPassFailure();
    for (LLVM::LLVMFuncOp f : declarations)
      f.erase();
    getOperation()->walk([](LLVM::GlobalOp global) {
      constexpr unsigned sharedSpace = 3;
      constexpr int64_t mostAligned = 1024; // of places in it, which are aligned from its beginning on (SharedPlaces.h)
      if (global.getAddrSpace() != sharedSpace)
        return;
      global.setAlignment(mostAligned);
      global.setLinkage(LLVM::Linkage::External); // else it is a byte of the kernel's own, beside what a launch gives
    });
    getOperation()->walk([](LLVM::LLVMFuncOp kernel) {
      if (auto maps = kernel->getAttrOfType<IntegerAttr>("strand.maps"))
        handOverWhole(kernel, kernel.getNumArguments() - 1, maps.getInt());
    });
    getOperation()->walk(
        [](LLVM::Prefetch fetch) { // LLVM has an instruction for it from sm_90 on, PTX has it everywhere
          OpBuilder b(fetch);
          auto dialect = LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT);
          LLVM::InlineAsmOp::create(b, fetch.getLoc(), TypeRange(), fetch.getAddr(), "prefetch.L2 [$0];", "l",
                                    /*has_side_effects=*/true,
                                    /*is_align_stack=*/false, LLVM::TailCallKind::None, dialect, ArrayAttr());
          fetch.erase();
        });
  }

  /// Maps of matrices are an argument themselves, and not where they are; the copy engine reads them there.
  static void handOverWhole(LLVM::LLVMFuncOp kernel, unsigned i, int64_t maps) {
    constexpr int64_t wordsOfMap = 16, alignment = 64;
    OpBuilder b(kernel);
    auto all = LLVM::LLVMArrayType::get(b.getI64Type(), wordsOfMap * maps);
    kernel.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(all));
    kernel.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), b.getI64IntegerAttr(alignment));
    kernel.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(), b.getUnitAttr());
    kernel->removeAttr("strand.maps");
  }

  static LogicalResult replace(LLVM::CallOp call) {
    StringRef name = call.getCallee()->drop_front(libraryPrefix.size());
    bool single = call.getResult().getType().isF32();
    auto known = llvm::find_if(intrinsics, [&](const Intrinsic &i) {
      return name == (single ? i.name.str() + "f" : i.name.str()) && (single || i.name != "exp2");
    });
    if (known == std::end(intrinsics))
      return call.emitError() << "a kernel needs the function " << name << " on " << call.getResult().getType()
                              << ", for which there is no arithmetic; strand-expand-math has it for f32";
    OpBuilder b(call);
    call.getResult().replaceAllUsesWith(known->emit(b, call));
    call.erase();
    return success();
  }
};
} // namespace
} // namespace strand
