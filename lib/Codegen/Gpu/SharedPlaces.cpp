// Largest first, each at the lowest offset where no buffer lies that is in use at the same time.
#include "lib/Codegen/Gpu/SharedPlaces.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Cpu/Lifetimes.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {
namespace {
constexpr int64_t alignment = 128;

struct Place {
  memref::AllocOp alloc;
  Interval use;
  int64_t bytes, offset = 0;

  void moveTo(int64_t from) { offset = llvm::alignTo(from, alloc.getAlignment().value_or(alignment)); }
  bool overlaps(const Place &o) const {
    return use.overlaps(o.use) && offset < o.offset + o.bytes && o.offset < offset + bytes;
  }
};

void choose(Place &p, ArrayRef<Place> before) {
  for (bool moved = true; moved;) {
    moved = false;
    for (const Place &o : before)
      if (p.overlaps(o)) {
        p.moveTo(o.offset + o.bytes);
        moved = true;
      }
  }
}

void replace(Place &p, Value shared) {
  OpBuilder b(p.alloc);
  Location loc = p.alloc.getLoc();
  MemRefType type = p.alloc.getType();
  auto there = MemRefType::get(type.getShape(), type.getElementType(), AffineMap(),
                               cast<MemRefType>(shared.getType()).getMemorySpace());
  Value at = arith::ConstantIndexOp::create(b, loc, p.offset);
  Value view = memref::ViewOp::create(b, loc, there, shared, at, ValueRange());
  p.alloc.replaceAllUsesWith(memref::MemorySpaceCastOp::create(b, loc, type, view).getResult());
  p.alloc->erase();
}
} // namespace

FailureOr<int64_t> allocsToShared(gpu::GPUFuncOp kernel, int64_t limit) {
  SmallVector<memref::AllocOp> allocs;
  kernel.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
  if (allocs.empty())
    return 0;
  Lifetimes lifetimes(kernel);
  SmallVector<Place> wanted, places;
  for (memref::AllocOp alloc : allocs) {
    MemRefType type = alloc.getType();
    if (!type.hasStaticShape() || !type.getLayout().isIdentity())
      return alloc.emitError() << "buffer of type " << type
                               << " inside a kernel has a size that is known only at run time; "
                               << "a block has static places only";
    FailureOr<Interval> use = lifetimes.of(alloc);
    if (failed(use))
      return failure();
    wanted.push_back({alloc, *use, bytesInPlace(alloc)});
  }
  llvm::sort(wanted, [](const Place &x, const Place &y) {
    return std::pair(-x.bytes, x.use.first) < std::pair(-y.bytes, y.use.first);
  });
  int64_t total = 0;
  for (Place &p : wanted) {
    choose(p, places);
    total = std::max(total, p.offset + p.bytes);
    places.push_back(p);
  }
  if (total > limit)
    return kernel.emitError() << "the buffers of a block take " << total << " bytes of shared memory, the limit is "
                              << limit << "; use smaller tiles";
  OpBuilder b = OpBuilder::atBlockBegin(&kernel.front());
  auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get({ShapedType::kDynamic}, b.getI8Type(), AffineMap(), space);
  Value shared = gpu::DynamicSharedMemoryOp::create(b, kernel.getLoc(), type);
  for (Place &p : places)
    replace(p, shared);
  return total;
}

int64_t bytesInPlace(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  return llvm::alignTo(type.getNumElements() * bytesOfElement(type.getElementType()), alignment);
}

SmallVector<memref::AllocOp> mostInUse(scf::ForallOp loop, ArrayRef<memref::AllocOp> allocs) {
  DenseMap<Operation *, int64_t> order;
  for (Operation &op : *loop.getBody())
    order[&op] = order.size();
  SmallVector<std::pair<int64_t, int64_t>> uses; // of each, the first and the last op
  for (memref::AllocOp alloc : allocs) {
    SetVector<Operation *> users;
    getForwardSlice(alloc.getResult(), &users);
    int64_t first = order.size(), last = -1;
    for (Operation *user : users)
      if (Operation *here = loop.getBody()->findAncestorOpInBlock(*user)) {
        first = std::min(first, order.lookup(here));
        last = std::max(last, order.lookup(here));
      }
    uses.push_back({first, last});
  }
  SmallVector<memref::AllocOp> most;
  int64_t mostBytes = 0;
  for (int64_t at = 0; at < int64_t(order.size()); ++at) {
    SmallVector<memref::AllocOp> here;
    int64_t total = 0;
    for (auto [alloc, use] : llvm::zip_equal(allocs, uses))
      if (use.first <= at && at <= use.second) {
        here.push_back(alloc);
        total += bytesInPlace(alloc);
      }
    if (total > mostBytes) {
      most = std::move(here);
      mostBytes = total;
    }
  }
  return most;
}
} // namespace strand
