// An access is of a thread's own elements if the loops that are shared out lead to the same dimensions of a buffer, at
// the same offsets, wherever the buffer is written: then two threads that differ in one of them never meet.
#include "lib/Codegen/Gpu/OwnElements.h"
#include "lib/Codegen/Gpu/ElementLoops.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
using namespace mlir;
using namespace strand;
namespace {

/// Where a loop that is shared out leads to in a buffer.
struct Track {
  int64_t size, dim; // of the loop; dim -1: nowhere
  SmallVector<OpFoldResult> offsets;
  bool operator==(const Track &o) const { return size == o.size && dim == o.dim && offsets == o.offsets; }
};

struct Access {
  Value buffer;
  SmallVector<Track> tracks;
  bool writes;
};

/// Follows the tracks from `v` to the buffer that it is a view of. They lead nowhere where that cannot be told.
void follow(Value &v, SmallVector<Track> &tracks) {
  for (Value buffer = bufferOf(v); v != buffer;) {
    auto view = v.getDefiningOp<memref::SubViewOp>();
    if (!view) {
      if (!v.getDefiningOp<memref::CastOp>())
        for (Track &t : tracks)
          t.dim = -1;
      v = v.getDefiningOp<ViewLikeOpInterface>().getViewSource();
      continue;
    }
    llvm::SmallBitVector dropped = view.getDroppedDims();
    SmallVector<int64_t> kept;
    for (int64_t d = 0, rank = view.getSourceType().getRank(); d < rank; ++d)
      if (!dropped[d])
        kept.push_back(d);
    for (Track &t : tracks) {
      if (t.dim < 0)
        continue;
      t.dim = kept[t.dim];
      t.offsets.push_back(view.getMixedOffsets()[t.dim]);
      if (!isOneInteger(view.getMixedStrides()[t.dim]))
        t.dim = -1;
    }
    v = view.getSource();
  }
}

Access accessOf(linalg::LinalgOp op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  Access access{operand.get(), {}, op.isDpsInit(&operand)};
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (unsigned loop : ElementLoops::sharedLoops(op)) {
    Track track{sizes[loop], -1, {}};
    for (auto [d, e] : llvm::enumerate(map.getResults())) {
      if (e == getAffineDimExpr(loop, map.getContext()))
        track.dim = d;
    }
    access.tracks.push_back(track);
  }
  follow(access.buffer, access.tracks);
  return access;
}

bool mayMeet(const Access &x, const Access &y) {
  bool leadsNowhere = llvm::any_of(x.tracks, [](const Track &t) { return t.dim < 0; });
  return x.buffer == y.buffer && (x.writes || y.writes) && (leadsNowhere || !(x.tracks == y.tracks));
}

bool isHarmless(Operation *op) {
  return isa<scf::ForOp, scf::YieldOp, scf::InParallelOp, memref::AllocOp, memref::LoadOp>(op) ||
         isMemoryEffectFree(op);
}

/// Elements of the op, if their number is known.
std::optional<int64_t> countOf(linalg::LinalgOp op) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  int64_t count = 1;
  for (unsigned loop : ElementLoops::sharedLoops(op)) {
    if (ShapedType::isDynamic(sizes[loop]))
      return std::nullopt;
    count *= sizes[loop];
  }
  return count;
}
} // namespace

Value strand::bufferOf(Value v) {
  while (auto view = v.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::ViewOp>(view))
      break;
    v = view.getViewSource();
  }
  return v;
}

std::optional<OwnElements> strand::ownElements(ArrayRef<Operation *> ops) {
  OwnElements own{0, {}};
  SmallVector<Access> accesses;
  SmallVector<memref::LoadOp> loads;
  bool fits = true;
  auto add = [&](Operation *op) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (auto load = dyn_cast<memref::LoadOp>(op))
      loads.push_back(load);
    if (!linalgOp) {
      fits &= isHarmless(op);
      return fits ? WalkResult::advance() : WalkResult::interrupt();
    }
    std::optional<int64_t> count = countOf(linalgOp);
    fits &= count && (own.ops.empty() || own.count == *count);
    own.count = count.value_or(0);
    own.ops.push_back(linalgOp);
    for (OpOperand &operand : op->getOpOperands()) {
      if (isa<MemRefType>(operand.get().getType()))
        accesses.push_back(accessOf(linalgOp, operand));
    }
    return fits ? WalkResult::skip() : WalkResult::interrupt();
  };
  for (Operation *op : ops)
    op->walk<WalkOrder::PreOrder>(add);
  for (size_t i = 0; fits && i < accesses.size(); ++i)
    for (size_t j = i; fits && j < accesses.size(); ++j)
      fits = !mayMeet(accesses[i], accesses[j]);
  for (memref::LoadOp load : loads)
    fits &=
        llvm::none_of(accesses, [&](const Access &a) { return a.writes && a.buffer == bufferOf(load.getMemRef()); });
  return fits && !own.ops.empty() ? std::optional(own) : std::nullopt;
}
