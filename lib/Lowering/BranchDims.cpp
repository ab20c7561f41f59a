#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_BRANCHDIMS
#include "lib/Passes.h.inc"
namespace {

/// What the loops that `v` comes from write into, followed as long as it is in `region` or in one within.
Value destinationOf(Value v, Region &region) {
  while (auto result = dyn_cast<OpResult>(v)) {
    if (!region.isAncestor(result.getParentRegion()))
      break;
    unsigned i = result.getResultNumber();
    if (auto branch = dyn_cast<scf::IfOp>(result.getOwner()))
      v = branch.thenYield().getOperand(i);
    else if (auto loop = dyn_cast<scf::ForOp>(result.getOwner()))
      v = loop.getInitArgs()[i];
    else if (auto loop = dyn_cast<scf::ForallOp>(result.getOwner()))
      v = loop.getOutputs()[i];
    else
      break;
  }
  return v;
}

/// The tensor from outside that both branches write into; null if there is none.
Value destinationOf(scf::IfOp branch, unsigned i) {
  Value of[2];
  for (auto [into, region] : llvm::zip_equal(of, branch->getRegions()))
    into = region.empty() ? Value() : destinationOf(region.front().getTerminator()->getOperand(i), region);
  return of[0] == of[1] && of[0] && !branch->isAncestor(of[0].getParentRegion()->getParentOp()) ? of[0] : Value();
}

struct BranchDims : impl::BranchDimsBase<BranchDims> {
  void runOnOperation() override {
    getOperation().walk([](tensor::DimOp dim) {
      while (auto branch = dim.getSource().getDefiningOp<scf::IfOp>()) {
        Value into = destinationOf(branch, cast<OpResult>(dim.getSource()).getResultNumber());
        if (!into)
          break;
        dim.getSourceMutable().assign(into);
      }
    });
  }
};
} // namespace
} // namespace strand
