// One memref.alloca a place, not one block of bytes for all: LLVM then knows that different places do not alias.
#include "lib/Codegen/Cpu/Frame.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Cpu/Lifetimes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
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
      return alloc.emitError()
             << "dimension " << d << " of a buffer inside a parallel loop is known only at run time, and a "
             << "task has only its stack: tile the loop to a static size, take the arith.minsi of the size "
             << "with a constant, or make the buffer outside the loop";
    bytes *= size->at(0, 0);
  }
  return MemRefType::get({bytes}, IntegerType::get(alloc.getContext(), 8));
}
int64_t bytesOf(MemRefType type) { return type.getNumElements() * bytesOfElement(type.getElementType()); }

/// Whether a buffer of one type may lie at the beginning of another's place.
bool fitsInto(MemRefType small, MemRefType place) {
  return small.getLayout().isIdentity() && place.getLayout().isIdentity() &&
         small.getElementType() == place.getElementType() && small.getNumElements() <= place.getNumElements();
}

/// The beginning of a static buffer as another type.
Value beginningAs(OpBuilder &b, Location loc, Value buffer, MemRefType type) {
  SmallVector<int64_t> strides = computeSuffixProduct(type.getShape());
  return memref::ReinterpretCastOp::create(b, loc, type, buffer, /*offset=*/0, type.getShape(), strides);
}

struct Frame {
  std::vector<Place> places;
  SmallVector<std::pair<memref::AllocOp, unsigned>> placed;
  int64_t bytes = 0;
};

/// Places for buffers; those of one type share them where their uses do not overlap or, with `shared`, also those that
/// are not larger. LLVM knows less of such.
FailureOr<Frame> arrange(func::FuncOp f, ArrayRef<memref::AllocOp> allocs, const Lifetimes &lifetimes, bool shared) {
  Frame frame;
  SmallVector<MemRefType> types;
  for (memref::AllocOp alloc : allocs) {
    FailureOr<MemRefType> type = frameType(alloc);
    if (failed(type))
      return failure();
    types.push_back(*type);
  }
  SmallVector<size_t> order = llvm::to_vector(llvm::seq(allocs.size()));
  if (shared) // larger ones first
    llvm::sort(order,
               [&](size_t i, size_t j) { return std::pair(-bytesOf(types[i]), i) < std::pair(-bytesOf(types[j]), j); });
  for (size_t i : order) {
    memref::AllocOp alloc = allocs[i];
    MemRefType type = types[i];
    FailureOr<Interval> use = lifetimes.of(alloc);
    if (failed(use))
      return failure();
    auto at = llvm::find_if(frame.places, [&](const Place &p) {
      return (p.type == type || (shared && fitsInto(type, p.type))) &&
             llvm::none_of(p.uses, [&](const Interval &o) { return use->overlaps(o); });
    });
    if (at == frame.places.end()) {
      frame.places.push_back({type, {}, {}});
      at = std::prev(frame.places.end());
      frame.bytes += bytesOf(type);
    }
    at->uses.push_back(*use);
    frame.placed.push_back({alloc, at - frame.places.begin()});
  }
  return frame;
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
  FailureOr<Frame> frame = arrange(f, allocs, lifetimes, /*shared=*/false);
  if (succeeded(frame) && frame->bytes > limit)
    frame = arrange(f, allocs, lifetimes, /*shared=*/true);
  if (failed(frame))
    return failure();
  if (frame->bytes > limit)
    return emitError(f.getLoc()) << "the temporaries of a task take " << frame->bytes
                                 << " bytes of its stack, the limit is " << limit << "; use smaller tiles";
  OpBuilder begin = OpBuilder::atBlockBegin(&f.front());
  for (Place &p : frame->places)
    p.buffer = memref::AllocaOp::create(begin, f.getLoc(), p.type, begin.getI64IntegerAttr(alignment));
  for (auto [alloc, at] : frame->placed) {
    OpBuilder b(alloc);
    Value v = frame->places[at].buffer;
    Location loc = alloc.getLoc();
    if (v.getType() != alloc.getType() && alloc.getType().hasStaticShape())
      v = beginningAs(b, loc, v, alloc.getType());
    else if (v.getType() != alloc.getType())
      v = memref::ViewOp::create(b, loc, alloc.getType(), v, arith::ConstantIndexOp::create(b, loc, 0),
                                 alloc.getDynamicSizes());
    alloc.replaceAllUsesWith(v);
    alloc->erase();
  }
  return success();
}
} // namespace strand
