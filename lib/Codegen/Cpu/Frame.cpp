// One memref.alloca a place, not one block of bytes for all: LLVM then knows that different places do not alias.
#include "lib/Codegen/Cpu/Frame.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Cpu/Lifetimes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
using namespace mlir;
namespace strand {
namespace {
constexpr int64_t alignment = 64;

struct Place {
  MemRefType type;
  memref::AllocaOp buffer;
  SmallVector<Interval> uses;
};

/// The buffer itself, or bytes for the largest that it may become.
FailureOr<MemRefType> frameType(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  if (type.hasStaticShape())
    return type;
  int64_t bytes = bytesOfElement(type.getElementType());
  for (int64_t d = 0; d < type.getRank(); ++d) {
    std::optional<Bound> size = boundOfDim(alloc, d);
    if (!size || !size->isConstant() || !type.getLayout().isIdentity())
      return alloc.emitError() << "dimension " << d << " of a buffer inside a parallel loop is known only at run time, and a "
                               << "task has only its stack: tile the loop to a static size, take the arith.minsi of the size "
                               << "with a constant, or make the buffer outside the loop";
    bytes *= size->at(0, 0);
  }
  return MemRefType::get({bytes}, IntegerType::get(alloc.getContext(), 8));
}
} // namespace

LogicalResult allocsToFrame(func::FuncOp f, ArrayRef<memref::AllocOp> allocs, int64_t limit) {
  if (allocs.empty())
    return success();
  for (memref::AllocOp alloc : allocs) // before uses are counted
    for (Operation *user : llvm::make_early_inc_range(alloc->getUsers()))
      if (isa<memref::DeallocOp>(user))
        user->erase();
  Lifetimes lifetimes(f);
  SmallVector<Place> places;
  SmallVector<std::pair<memref::AllocOp, unsigned>> placed;
  for (memref::AllocOp alloc : allocs) {
    FailureOr<MemRefType> type = frameType(alloc);
    if (failed(type))
      return failure();
    FailureOr<Interval> use = lifetimes.of(alloc);
    if (failed(use))
      return failure();
    auto at = llvm::find_if(places, [&](const Place &p) {
      return p.type == *type && llvm::none_of(p.uses, [&](const Interval &o) { return use->overlaps(o); });
    });
    if (at == places.end()) {
      OpBuilder b = OpBuilder::atBlockBegin(&f.front());
      places.push_back({*type, memref::AllocaOp::create(b, alloc.getLoc(), *type, b.getI64IntegerAttr(alignment)), {}});
      at = std::prev(places.end());
    }
    at->uses.push_back(*use);
    placed.push_back({alloc, at - places.begin()});
  }
  int64_t bytes = 0;
  for (const Place &p : places)
    bytes += p.type.getNumElements() * bytesOfElement(p.type.getElementType());
  if (bytes > limit)
    return emitError(f.getLoc()) << "the temporaries of a task take " << bytes << " bytes of its stack, the limit is " << limit
                                 << "; use smaller tiles";
  for (auto [alloc, at] : placed) {
    OpBuilder b(alloc);
    Value v = places[at].buffer;
    if (v.getType() != alloc.getType())
      v = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(), v, arith::ConstantIndexOp::create(b, alloc.getLoc(), 0),
                                 alloc.getDynamicSizes());
    alloc.replaceAllUsesWith(v);
    alloc->erase();
  }
  return success();
}
} // namespace strand
