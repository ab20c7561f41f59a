// strand-expand-math: finds the operations on f32 for which MathFunctions.cpp has arithmetic.
#include "lib/Codegen/Cpu/MathFunctions.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_EXPANDMATH
#include "lib/Passes.h.inc"
namespace {

bool isF32OrLanes(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? vector.getElementType().isF32() && vector.getRank() == 1 : type.isF32();
}

struct ExpandMath : impl::ExpandMathBase<ExpandMath> {
  using ExpandMathBase::ExpandMathBase;

  Value expand(OpBuilder &b, Operation *op) {
    if (auto rounding = dyn_cast<arith::TruncFOp>(op))
      return device ? Value() : expandRounding(b, rounding);
    auto power = dyn_cast<math::Exp2Op>(op);
    if (device && power && arith::bitEnumContainsAll(power.getFastmath(), arith::FastMathFlags::afn))
      return {};
    auto exp = dyn_cast<math::ExpOp>(op);
    return device && exp ? expandExpByPower(b, exp) : expandMath(b, op);
  }

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      bool isMath = isa<math::MathDialect>(op->getDialect()) && op->getNumResults() == 1 &&
                    isF32OrLanes(op->getResult(0).getType());
      if (isMath || (isa<arith::TruncFOp>(op) && isF32OrLanes(op->getOperand(0).getType())))
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder b(op);
      if (Value value = expand(b, op)) {
        op->getResult(0).replaceAllUsesWith(value);
        op->erase();
        ++numExpanded;
      }
    }
  }
};
} // namespace
} // namespace strand
