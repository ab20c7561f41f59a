#include "lib/Codegen/Gpu/GroupText.h"
#include "lib/Codegen/Gpu/TileFragments.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_NUMBERSANEW
#include "lib/Passes.h.inc"
namespace {

bool contains(Operation *op, function_ref<bool(Operation *)> wanted) {
  return op->walk([&](Operation *inner) { return wanted(inner) ? WalkResult::interrupt() : WalkResult::advance(); })
      .wasInterrupted();
}

/// What the threads of a block go through together, with a loop.
bool isPhase(Operation &op) {
  return op.getNumRegions() && contains(&op, [](Operation *inner) { return isa<gpu::BarrierOp>(inner); }) &&
         contains(&op, [](Operation *inner) { return isa<scf::ForOp>(inner); });
}

/// Whether tensor cores work in `op`: then it takes time and registers itself.
bool multiplies(Operation *op) {
  return contains(op, [](Operation *inner) {
    auto text = dyn_cast<LLVM::InlineAsmOp>(inner);
    return isa<NVVM::MmaOp>(inner) || (text && isGroupText(text.getAsmString()));
  });
}

/// The text that reads a number of the thread or block again; null if `op` reads none.
const char *textOf(Operation *op) {
  if (isa<gpu::ThreadIdOp>(op))
    return threadText;
  if (isa<gpu::BlockIdOp>(op))
    return blockText;
  auto text = dyn_cast<LLVM::InlineAsmOp>(op);
  for (const char *known : {threadText, blockText})
    if (text && text.getAsmString() == known)
      return known;
  return nullptr;
}

/// What stands in front of `phase` in its block, once more behind it.
class Again {
public:
  explicit Again(Operation *phase) : phase(phase), b(phase->getContext()) { b.setInsertionPointAfter(phase); }

  /// A value as it is found behind the phase: the same if no number of a thread or block is in it.
  Value of(Value v);
  int64_t count = 0;

private:
  Operation *phase;
  OpBuilder b;
  IRMapping known;

  Value read(Operation *op, const char *text);
};

Value Again::read(Operation *op, const char *text) {
  Type i32 = b.getI32Type(), type = op->getResult(0).getType();
  Value number =
      LLVM::InlineAsmOp::create(b, op->getLoc(), TypeRange(i32), ValueRange(), text, "=r", /*has_side_effects=*/true,
                                /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
                                LLVM::AsmDialectAttr(), ArrayAttr())
          .getResult(0);
  return type == i32 ? number : arith::IndexCastUIOp::create(b, op->getLoc(), type, number).getResult();
}

Value Again::of(Value v) {
  if (Value found = known.lookupOrNull(v))
    return found;
  Operation *op = v.getDefiningOp();
  if (!op || op->getBlock() != phase->getBlock() || !op->isBeforeInBlock(phase))
    return v;
  if (const char *text = textOf(op)) {
    known.map(v, read(op, text));
    return known.lookup(v);
  }
  bool changes = false;
  if (isPure(op) && !op->getNumRegions())
    for (Value operand : op->getOperands())
      changes |= of(operand) != operand;
  if (!changes) {
    known.map(v, v);
    return v;
  }
  ++count;
  b.clone(*op, known);
  return known.lookup(v);
}

struct NumbersAnew : impl::NumbersAnewBase<NumbersAnew> {
  void runOnOperation() override {
    Block &body = getOperation().front();
    SmallVector<Operation *> phases;
    for (Operation &op : body)
      if (isPhase(op))
        phases.push_back(&op);
    for (auto [i, phase] : llvm::enumerate(phases)) {
      ArrayRef<Operation *> later = ArrayRef(phases).drop_front(i + 1);
      if (!later.empty() && llvm::none_of(later, multiplies))
        findAnew(body, phase);
    }
  }

  void findAnew(Block &body, Operation *phase) {
    SmallVector<Operation *> later;
    for (Operation *op = phase->getNextNode(); op; op = op->getNextNode())
      later.push_back(op);
    Again again(phase);
    for (Operation *op : later)
      op->walk([&](Operation *user) {
        for (OpOperand &operand : user->getOpOperands())
          operand.set(again.of(operand.get()));
      });
    numAgain += again.count;
  }
};
} // namespace
} // namespace strand
