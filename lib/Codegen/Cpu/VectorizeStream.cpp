// strand-vectorize, part 4: results that go past the caches. A store of a whole line reads it first unless it is
// non-temporal; for results that leave the caches before anybody reads them that is a fourth of the traffic and more.
// Non-temporal stores must be aligned to the vector, and are ordered by a fence only.
#include "lib/Codegen/Cpu/VectorizeEmit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
using namespace mlir;
namespace strand {

/// The buffer that a view is of.
static Value rootOf(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  return buffer;
}

/// Whether vectors of `lanes` along the last dimension are aligned wherever the first one is.
static bool keepsAlignment(MemRefType type, int64_t lanes) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || strides.empty() || strides.back() != 1)
    return false;
  return llvm::all_of(llvm::drop_end(llvm::zip(strides, type.getShape())), [&](auto dim) {
    auto [stride, size] = dim;
    return size == 1 || (!ShapedType::isDynamic(stride) && stride % lanes == 0);
  });
}

Value emitStreams(OpBuilder &b, const LoopPlan &plan, const VectorTarget &target) {
  auto loop = plan.op->getParentOfType<scf::ForallOp>();
  if (!plan.op->hasAttr("strand.streams") || !target.stream || !loop || !plan.vec || plan.outputs[0].carried)
    return {};
  Location loc = plan.op.getLoc();
  Value tile = plan.outputs[0].operand->get(), root = rootOf(tile);
  auto type = cast<MemRefType>(tile.getType()), whole = dyn_cast<MemRefType>(root.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  bool isLarge = whole && whole.getRank() && whole.getElementType() == type.getElementType() && whole.isDynamicDim(0) &&
                 whole.getNumDynamicDims() == 1 && !loop->isAncestor(root.getParentBlock()->getParentOp());
  if (!isLarge || !keepsAlignment(type, plan.lanes))
    return {};
  auto k = [&](int64_t n) -> Value { return arith::ConstantIndexOp::create(b, loc, n); };
  int64_t item = bytes * ShapedType::getNumElements(whole.getShape().drop_front());
  Value rows = memref::DimOp::create(b, loc, root, 0);
  Value large = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, rows, k(target.stream / item));
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, tile);
  Value offset = memref::ExtractStridedMetadataOp::create(b, loc, tile).getOffset();
  Value address = arith::AddIOp::create(b, loc, base, arith::MulIOp::create(b, loc, offset, k(bytes)));
  Value over = arith::AndIOp::create(b, loc, address, k(bytes * plan.lanes - 1));
  Value aligned = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, over, k(0));
  return arith::AndIOp::create(b, loc, large, aligned);
}

void fenceTask(scf::ForallOp loop) {
  Operation *last = loop.getTerminator()->getPrevNode();
  if (isa_and_present<LLVM::FenceOp>(last))
    return;
  OpBuilder b(loop.getTerminator());
  LLVM::FenceOp::create(b, loop.getLoc(), LLVM::AtomicOrdering::seq_cst);
}
} // namespace strand
