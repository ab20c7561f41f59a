#include "lib/Codegen/Gpu/OwnElements.h"
#include "lib/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/ScopedHashTable.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_REUSELOADS
#include "lib/Passes.h.inc"
namespace {

/// The same load again, by its operands.
struct SameElement : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    auto operands = const_cast<Operation *>(op)->getOperands();
    return llvm::hash_combine_range(operands.begin(), operands.end());
  }
  static bool isEqual(const Operation *x, const Operation *y) {
    if (x == y || x == getTombstoneKey() || y == getTombstoneKey() || x == getEmptyKey() || y == getEmptyKey())
      return x == y;
    return llvm::equal(const_cast<Operation *>(x)->getOperands(), const_cast<Operation *>(y)->getOperands());
  }
};
using Known = llvm::ScopedHashTable<Operation *, Value, SameElement>;

struct ReuseLoads : impl::ReuseLoadsBase<ReuseLoads> {
  DenseSet<Value> written; // buffers

  void runOnOperation() override {
    written.clear();
    bool known = true;
    getOperation().walk([&](Operation *op) {
      auto effects = dyn_cast<MemoryEffectOpInterface>(op);
      if (!effects || isa<memref::LoadOp, memref::PrefetchOp, gpu::BarrierOp>(op))
        return;
      for (Value v : op->getOperands())
        if (isa<MemRefType>(v.getType()) && !isMemoryEffectFree(op))
          written.insert(bufferOf(v));
      known &= llvm::none_of(op->getOperandTypes(), [](Type t) { return isa<UnrankedMemRefType>(t); });
    });
    Known loads;
    if (known)
      reuse(getOperation().getBody(), loads);
  }

  /// Loads in front of an operation are known inside of it.
  void reuse(Region &region, Known &loads) {
    for (Block &block : region) {
      Known::ScopeTy scope(loads);
      for (Operation &op : llvm::make_early_inc_range(block)) {
        for (Region &inner : op.getRegions())
          reuse(inner, loads);
        auto load = dyn_cast<memref::LoadOp>(op);
        if (!load || written.contains(bufferOf(load.getMemRef())) || isMadeHere(load.getMemRef()))
          continue;
        if (Value value = loads.lookup(load)) {
          load.getResult().replaceAllUsesWith(value);
          load.erase();
          ++numReused;
        } else {
          loads.insert(load, load.getResult());
        }
      }
    }
  }

  /// Shared memory is one buffer with many names.
  static bool isMadeHere(Value v) {
    auto view = bufferOf(v).getDefiningOp<memref::ViewOp>();
    return view && isa_and_present<gpu::DynamicSharedMemoryOp>(view.getSource().getDefiningOp());
  }
};
} // namespace
} // namespace strand
