#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_REGISTERTILES
#include "lib/Passes.h.inc"
namespace {

struct RegisterTiles : impl::RegisterTilesBase<RegisterTiles> {
  using RegisterTilesBase::RegisterTilesBase;

  void runOnOperation() override {
    SmallVector<scf::ForOp> loops;
    getOperation().walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
      auto parent = dyn_cast<scf::ForallOp>(loop->getParentOp());
      if (!parent || parent->getParentOfType<scf::ForallOp>() || !multiplies(loop))
        return WalkResult::advance();
      loops.push_back(loop);
      return WalkResult::skip();
    });
    llvm::MapVector<Operation *, std::vector<Converted>> kernels; // by the loop over blocks
    for (scf::ForOp loop : loops)
      if (std::optional<TileProgram> program =
              TileProgram::of(loop, [&](Operation *op, const Twine &why) { refuse(loop, op, why); }))
        kernels[loop->getParentOp()].push_back({loop, *program});
    for (auto &[kernel, programs] : kernels) {
      int64_t warps = warpsOfAll(programs);
      for (Converted &c : programs) {
        c.program.warps = warps;
        c.program.wgmma = wgmma;
        convert(c.loop, c.program);
      }
    }
    notes.write(getOperation());
    notes = {};
  }

  struct Converted {
    scf::ForOp loop;
    TileProgram program;
  };
  /// Of all loops of a kernel the same, so that all of its threads come to all barriers: the least.
  static int64_t warpsOfAll(ArrayRef<Converted> programs) {
    int64_t least = INT64_MAX;
    for (const Converted &c : programs)
      least = std::min(least, c.program.warps);
    return least;
  }

  TileNotes notes;

  /// A loop, because of an op in it.
  void refuse(scf::ForOp loop, Operation *op, const Twine &why) {
    op->emitRemark() << "tiles are not kept in registers: " << why;
    notes.add(loop, why.str());
  }

  static bool multiplies(scf::ForOp loop) {
    return loop
        .walk([](linalg::LinalgOp op) {
          bool isProduct = op.getNumDpsInputs() == 2 && op.getNumDpsInits() == 1 && op.getNumReductionLoops() == 1 &&
                           op.getNumLoops() >= 3 && isMultiplyAdd(op.getBlock());
          bool narrow = llvm::all_of(op.getDpsInputs(), [](Value v) { return getElementTypeOrSelf(v).isBF16(); });
          return isProduct && narrow ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  }

  void convert(scf::ForOp loop, const TileProgram &program) {
    Written code = written(loop, program, true);
    if (code.bytes() > roomForTwo) {
      Written smaller = written(loop, program, false);
      bool fits = smaller.bytes() <= roomForTwo || code.bytes() > sharedLimit; // two blocks wait for memory in turn
      (fits ? code : smaller).erase();
      if (fits)
        code = smaller;
    }
    if (code.bytes() > sharedLimit) {
      refuse(loop, loop,
             "they take " + Twine(code.bytes()) + " bytes of shared memory, and a block may take " +
                 Twine(sharedLimit));
      return code.erase();
    }
    notes.add(loop, "");
    loop.erase();
    ++numLoops;
  }

  struct Written {
    scf::ForallOp threads;
    memref::AllocOp shared;
    int64_t bytes() { return shared.getType().getNumElements(); }
    void erase() {
      threads.erase();
      shared.erase();
    }
  };

  /// The loop as code of threads, in front of it.
  static Written written(scf::ForOp loop, const TileProgram &program, bool ahead) {
    ImplicitLocOpBuilder b(loop.getLoc(), loop);
    auto mapping = b.getArrayAttr(gpu::GPUThreadMappingAttr::get(b.getContext(), gpu::MappingId::DimX));
    auto threads = scf::ForallOp::create(b, ArrayRef<OpFoldResult>{b.getIndexAttr(threadsOfWarp * program.warps)},
                                         ValueRange(), mapping);
    b.setInsertionPoint(threads.getTerminator());
    auto pointer = LLVM::LLVMPointerType::get(b.getContext(), sharedSpace);
    // the size is known when the code is written, with what stands at the end
    auto later = UnrealizedConversionCastOp::create(b, TypeRange{pointer, b.getI32Type()}, ValueRange());
    TileCode code(b, program, threads.getInductionVar(0), later.getResult(0), later.getResult(1), ahead);
    code.run(loop);
    b.setInsertionPoint(threads);
    int64_t size = code.sharedBytes() + (code.hasRing() ? bytesOfRing : 0);
    auto bytes = memref::AllocOp::create(b, MemRefType::get({size}, b.getI8Type()),
                                         b.getI64IntegerAttr(Plane::alignment));
    bytes->setAttr(tile::sharedMark, b.getUnitAttr());
    b.setInsertionPoint(later);
    Value shared = sharedPointer(b, bytes);
    later.getResult(0).replaceAllUsesWith(shared);
    if (code.hasRing()) {
      IndexMath i32{b, b.getLoc(), b.getI32Type()};
      Value begin = LLVM::PtrToIntOp::create(b, b.getI32Type(), shared);
      later.getResult(1).replaceAllUsesWith(i32.add(begin, code.sharedBytes()));
    }
    later.erase();
    return {threads, bytes};
  }

  static constexpr unsigned sharedSpace = 3;
  // Of the 228 KiB of a multiprocessor of sm_90, with what each block takes beside.
  static constexpr int64_t roomForTwo = 113 * 1024;
};
} // namespace
} // namespace strand
