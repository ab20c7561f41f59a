// strand-infer-structure: what each scan is, what is put in its place (ScanRewrite), and the remarks about it. Ops go
// forward, so a reverse scan is one over rows turned around, whose results are turned, if that makes an op of it.
#include "dialects/Strand/Rows.h"
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

bool isStillScan(const ComponentOutcome &outcome) {
  return outcome.op.empty() && !outcome.isAbsorbed && !outcome.isRows;
}

void reportForm(ScanOp at, StepStructure &structure, const StepComponent &component, const CarriedForm &form,
                const ComponentOutcome &outcome, StringRef over) {
  ScanOp scan = structure.getScan();
  std::string name = scan.getCarriedName(form.carried);
  InFlightDiagnostic remark = at.emitRemark() << name << " is " << describe(structure, component, form);
  if (outcome.isAbsorbed)
    remark << "; becomes the normaliser of another";
  else if (!outcome.op.empty())
    remark << "; becomes " << outcome.op << over;
  else if (outcome.isRows)
    remark << "; becomes the row before" << over;
  else if (form.kind != StepKind::NotAffine && !outcome.reason.empty())
    remark << "; stays a scan: " << outcome.reason;
  if (isStillScan(outcome) && outcome.start && outcome.start == scan.getInitialTensor(form.carried))
    emitRemark(outcome.start.getLoc()) << name << " begins at this tensor, so " << name << " stays a scan: let it "
                                       << "begin where the op does, and hand the tensor in as its state";
  if ((form.kind == StepKind::NotAffine || form.kind == StepKind::TooLong) && form.culprit)
    emitRemark(placeOf(form.culprit)) << form.culprit->getName() << " is applied to what depends on " << name << ", so "
                                      << name << " stays a scan";
}

/// The scan from the first row to the last over rows turned around, in front of a reverse one.
ScanOp overTurnedRows(ScanOp scan, OpBuilder &b) {
  auto turned = cast<ScanOp>(b.clone(*scan));
  turned.setReverse(false);
  b.setInsertionPoint(turned);
  for (OpOperand &input : turned->getOpOperands().take_front(turned.getInputs().size()))
    input.set(TurnOp::create(b, scan.getLoc(), input.get(), scan.getOffsets()));
  b.setInsertionPoint(scan);
  return turned;
}

struct InferStructure : impl::InferStructureBase<InferStructure> {
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp scan) {
      if (scan.getStates().empty())
        scans.push_back(scan);
    });
    IRRewriter rewriter(&getContext());
    for (ScanOp scan : scans)
      if (rewriter.setInsertionPoint(scan); !scan.getReverse() || !rewriteTurned(scan, rewriter))
        rewrite(scan, rewriter, scan.getReverse());
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }

  /// At the scan as it was written.
  static void report(ScanOp at, StepStructure &structure, ArrayRef<ComponentOutcome> outcomes, StringRef over) {
    for (auto [component, outcome] : llvm::zip(structure.getComponents(), outcomes))
      for (const CarriedForm &form : component.forms)
        reportForm(at, structure, component, form, outcome, over);
  }

  /// `isReported`: it was said what the scan is.
  static void rewrite(ScanOp scan, OpBuilder &b, bool isReported) {
    StepStructure structure(scan);
    SmallVector<ComponentOutcome> outcomes = rewriteScan(structure, b);
    if (!isReported)
      report(scan, structure, outcomes, "");
  }

  /// Whether a reverse scan has become something else over rows turned around. Reports in any case: what keeps the turned
  /// scan a scan keeps this one, too.
  static bool rewriteTurned(ScanOp scan, OpBuilder &b) {
    ScanOp turned = overTurnedRows(scan, b);
    SmallVector<Value> back;
    for (Value v : turned.getValues())
      back.push_back(TurnOp::create(b, scan.getLoc(), v, scan.getOffsets()));
    b.setInsertionPoint(turned);
    StepStructure structure(turned);
    SmallVector<ComponentOutcome> outcomes = rewriteScan(structure, b);
    bool isTurned = llvm::any_of(outcomes, [](const ComponentOutcome &o) { return o.isWorthTurning; });
    if (!isTurned)
      llvm::for_each(outcomes, stayReverse);
    report(scan, structure, outcomes, ", over rows turned around");
    if (isTurned) {
      scan.replaceAllUsesWith(back);
    } else {
      for (Value v : back)
        v.getDefiningOp()->erase();
      b.setInsertionPoint(scan);
    }
    return isTurned;
  }

  static void stayReverse(ComponentOutcome &outcome) {
    if (isStillScan(outcome))
      return;
    std::string op = outcome.op.empty() ? "the row before" : outcome.op.str();
    outcome = {};
    outcome.reason = "it goes from the last row to the first; to turn its rows around for " + op + " would take as long";
  }
};
} // namespace
} // namespace strand
