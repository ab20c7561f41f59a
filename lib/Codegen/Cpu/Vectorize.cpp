// strand-vectorize: every linalg op on buffers becomes loops over vectors. The plan of an op is in VectorizePlan.cpp,
// its loops in VectorizeEmit.cpp, the inside of them in VectorizeBody.cpp; here stands what surrounds an op: ops that
// give accumulators their start, tasks, and the choice between many rows and one.
#include "lib/Codegen/Cpu/VectorizePlan.h"
#include "lib/Codegen/IndexMath.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/SetVector.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_VECTORIZE
#include "lib/Passes.h.inc"
namespace {

/// Beyond that many tasks only rows are divided: finer tasks would share less.
constexpr int64_t plentyOfTasks = 64;

/// Whether `op` writes each element of its output from one element of its input, by casts at most.
bool isSpread(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 || op.getNumReductionLoops() ||
      !isa<MemRefType>(op.getDpsInputOperand(0)->get().getType()) ||
      !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity() ||
      !op.getMatchingIndexingMap(op.getDpsInputOperand(0)).isProjectedPermutation())
    return false;
  Value v = op.getBlock()->getArgument(0);
  for (Operation &inner : op.getBlock()->without_terminator()) {
    if (!isa<CastOpInterface>(inner) || inner.getOperand(0) != v)
      return false;
    v = inner.getResult(0);
  }
  return op.getBlock()->getTerminator()->getOperand(0) == v;
}

/// The fill or spread that wrote all of `buffer` right before `op`, with nothing in between that touches memory other
/// than such ops on the other outputs.
linalg::LinalgOp startBefore(linalg::LinalgOp op, Value buffer) {
  for (Operation *at = op->getPrevNode(); at; at = at->getPrevNode()) {
    auto writer = dyn_cast<linalg::LinalgOp>(at);
    bool starts = writer && (isa<linalg::FillOp>(at) || isSpread(writer));
    if (starts && writer.getDpsInits()[0] == buffer)
      return writer;
    bool ofOther = starts && llvm::is_contained(op.getDpsInits(), writer.getDpsInits()[0]);
    if (!ofOther && !isMemoryEffectFree(at))
      break;
  }
  return {};
}

bool canStartFrom(const LoopPlan &plan, const OutputPlan &o, linalg::LinalgOp spread) {
  OpOperand *in = spread.getDpsInputOperand(0);
  AffineMap map = spread.getMatchingIndexingMap(in).compose(plan.op.getMatchingIndexingMap(o.operand));
  bool strided = plan.vec && accessAlong(in->get().getType(), map, *plan.vec) == Access::strided;
  return !o.partial && !strided && !llvm::is_contained(plan.op.getDpsInits(), in->get());
}

/// Accumulators that a fill or a spread would have started start in registers, and that op goes.
void takeStarts(LoopPlan &plan, llvm::SetVector<Operation *> &gone) {
  for (OutputPlan &o : plan.outputs) {
    Value buffer = o.operand->get();
    bool read = llvm::count(plan.op->getOperands(), buffer) > 1;
    if ((!o.carried && !o.once) || read || !plan.op.getMatchingIndexingMap(o.operand).isProjectedPermutation())
      continue;
    linalg::LinalgOp writer = startBefore(plan.op, buffer);
    if (auto fill = dyn_cast_or_null<linalg::FillOp>(writer.getOperation())) {
      if (fill.getInputs()[0].getType() != getElementTypeOrSelf(buffer.getType()))
        continue;
      o.start = fill.getInputs()[0];
    } else if (writer && o.carried && canStartFrom(plan, o, writer)) {
      o.spread = writer;
    } else {
      continue;
    }
    gone.insert(writer);
  }
}

/// One op: its sizes, and the code around its nest.
class OpEmitter {
public:
  OpEmitter(OpBuilder &b, const LoopPlan &plan, const VectorTarget &target)
      : b(b), math{b, plan.op.getLoc()}, plan(plan), target(target) {
    for (Range r : plan.op.createLoopRanges(b, math.loc))
      sizes.push_back(getValueOrCreateConstantIndexOp(b, math.loc, r.size));
    for (auto [size, known] : llvm::zip(sizes, plan.sizes))
      ranges.push_back(ShapedType::isDynamic(known) ? DimRange{math.of(0), size} : DimRange{});
  }
  void run() {
    if (worthTasks())
      emitTasks();
    else
      emitNests(ranges);
  }

private:
  bool worthTasks() const {
    if (plan.op->getParentOfType<scf::ForallOp>() || plan.split.empty())
      return false;
    int64_t work = plan.cost;
    for (int64_t size : plan.sizes) {
      if (ShapedType::isDynamic(size))
        return true;
      work *= size;
    }
    return work >= 2 * target.grain;
  }

  /// One row takes another nest than many where the plan says so.
  void emitNests(ArrayRef<DimRange> range) {
    if (Value streams = emitStreams(b, plan, target)) {
      fenceTask(plan.op->getParentOfType<scf::ForallOp>());
      return emitTwice(streams, [&](bool stream) { emitLoops(b, plan, plan.tiling, range, target, stream); });
    }
    if (plan.oneRow.empty())
      return emitLoops(b, plan, plan.tiling, range, target);
    Value rows = arith::SubIOp::create(b, math.loc, range[*plan.rows].hi, range[*plan.rows].lo);
    Value one = arith::CmpIOp::create(b, math.loc, arith::CmpIPredicate::eq, rows, math.of(1));
    emitTwice(one, [&](bool one) { emitLoops(b, plan, one ? plan.oneRow : plan.tiling, range, target); });
  }

  void emitTwice(Value condition, function_ref<void(bool)> emit) {
    auto branch = scf::IfOp::create(b, math.loc, condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emit(true);
    b.setInsertionPointToStart(branch.elseBlock());
    emit(false);
  }

  /// How many tasks the parts of plan.split become: work / grain in all, rows first.
  SmallVector<Value> countTasks(ArrayRef<Value> blocks) {
    Value work = math.of(plan.cost);
    for (Value size : sizes)
      work = math.mul(work, size);
    Value wanted = math.div(work, math.of(target.grain)), one = math.of(1);
    SmallVector<Value> counts{math.max(one, math.min(blocks[0], wanted))};
    if (blocks.size() > 1) {
      Value more = math.div(math.min(wanted, math.of(plentyOfTasks)), counts[0]);
      counts.push_back(math.max(one, math.min(blocks[1], more)));
    }
    return counts;
  }

  /// scf.forall over tasks; a task covers neighbouring blocks of each divided dimension.
  void emitTasks() {
    SmallVector<Value> blocks;
    for (auto [dim, block] : plan.split)
      blocks.push_back(math.ceilDiv(sizes[dim], block));
    SmallVector<Value> counts = countTasks(blocks);
    Value total = counts.size() > 1 ? math.mul(counts[0], counts[1]) : counts[0];
    auto forall = scf::ForallOp::create(b, math.loc, SmallVector<OpFoldResult>{getAsOpFoldResult(total)}, ValueRange(),
                                        std::nullopt);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(forall.getTerminator());
    Value task = forall.getInductionVar(0);
    SmallVector<Value> part{counts.size() > 1 ? math.div(task, counts[1]) : task};
    if (counts.size() > 1)
      part.push_back(math.rem(task, counts[1]));
    SmallVector<DimRange> mine = ranges;
    for (unsigned i = 0; i < counts.size(); ++i) {
      auto [dim, block] = plan.split[i];
      auto begin = [&](Value p) {
        return math.min(math.mul(math.div(math.mul(p, blocks[i]), counts[i]), math.of(block)), sizes[dim]);
      };
      mine[dim] = {begin(part[i]), begin(math.add(part[i], math.of(1)))};
    }
    emitNests(mine);
  }

  OpBuilder &b;
  IndexMath math;
  const LoopPlan &plan;
  const VectorTarget &target;
  SmallVector<Value> sizes;
  SmallVector<DimRange> ranges;
};

struct Vectorize : impl::VectorizeBase<Vectorize> {
  using VectorizeBase::VectorizeBase;
  void runOnOperation() override {
    copiesToLinalg();
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    // From the end, so that an op finds the fill before it still standing.
    for (linalg::LinalgOp op : llvm::reverse(ops))
      if (!gone.contains(op))
        lower(op);
    for (Operation *op : gone.takeVector())
      op->erase();
  }

private:
  void copiesToLinalg() {
    SmallVector<memref::CopyOp> copies;
    getOperation().walk([&](memref::CopyOp copy) { copies.push_back(copy); });
    for (memref::CopyOp copy : copies) {
      OpBuilder b(copy);
      linalg::makeMemRefCopyOp(b, copy.getLoc(), copy.getSource(), copy.getTarget());
      copy.erase();
    }
  }

  void lower(linalg::LinalgOp op) {
    VectorTarget target{vectorBits, mr, grain, prefetch, stream, oneOrder};
    LoopPlan plan = planLoops(op, target);
    takeStarts(plan, gone);
    if (plan.refusal)
      op->emitRemark("scalar loops: ") << plan.refusal;
    ++(plan.vec ? numVector : numScalar);
    OpBuilder b(op);
    OpEmitter(b, plan, target).run();
    op->erase();
  }

  llvm::SetVector<Operation *> gone; ///< ops that others have taken the start of their sums from
};
} // namespace
} // namespace strand
