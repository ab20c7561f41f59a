// strand-infer-structure: what each scan is, what is put in its place (ScanRewrite), and the remarks about it.
#include "lib/Analysis/StepStructure.h"
#include "lib/Passes.h"
#include "lib/Transforms/ScanRewrite.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_INFERSTRUCTURE
#include "lib/Passes.h.inc"
namespace {

/// Where the operation was written: bodies of named linalg ops have no place of their own.
Location placeOf(Operation *op) {
  while (isa<UnknownLoc>(op->getLoc()) && !isa<ScanOp>(op->getParentOp()))
    op = op->getParentOp();
  return op->getLoc();
}

void reportForm(StepStructure &structure, const StepComponent &component, const CarriedForm &form,
                const ComponentOutcome &outcome) {
  ScanOp scan = structure.getScan();
  std::string name = scan.getCarriedName(form.carried);
  InFlightDiagnostic remark = scan.emitRemark() << name << " is " << describe(structure, component, form);
  if (outcome.isAbsorbed)
    remark << "; becomes the normaliser of another";
  else if (!outcome.op.empty())
    remark << "; becomes " << outcome.op;
  else if (outcome.isRows)
    remark << "; becomes the row before";
  else if (form.kind != StepKind::NotAffine && !outcome.reason.empty())
    remark << "; stays a scan: " << outcome.reason;
  bool stays = outcome.op.empty() && !outcome.isAbsorbed && !outcome.isRows;
  if (stays && outcome.start && outcome.start == scan.getInitialTensor(form.carried))
    emitRemark(outcome.start.getLoc()) << name << " begins at this tensor, so " << name << " stays a scan: let it "
                                       << "begin where the op does, and hand the tensor in as its state";
  if ((form.kind == StepKind::NotAffine || form.kind == StepKind::TooLong) && form.culprit)
    emitRemark(placeOf(form.culprit)) << form.culprit->getName() << " is applied to what depends on " << name << ", so "
                                      << name << " stays a scan";
}

struct InferStructure : impl::InferStructureBase<InferStructure> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      if (scan.getStates().empty())
        scans.push_back(scan);
    });
    IRRewriter rewriter(&getContext());
    for (ScanOp scan : scans) {
      StepStructure structure(scan);
      rewriter.setInsertionPoint(scan);
      SmallVector<ComponentOutcome> outcomes = rewriteScan(structure, rewriter);
      for (auto [component, outcome] : llvm::zip(structure.getComponents(), outcomes))
        for (const CarriedForm &form : component.forms)
          reportForm(structure, component, form, outcome);
    }
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};
} // namespace
} // namespace strand
