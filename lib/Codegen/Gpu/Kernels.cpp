// strand-kernels: at the level of a function, every op that touches memory becomes a kernel of its own, and every
// parallel loop becomes one; inside kernels, every linalg op, copy and store becomes a loop over threads.
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Gpu/Attend.h"
#include "lib/Codegen/Gpu/ElementLoops.h"
#include "lib/Codegen/Gpu/OwnElements.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/SharedPlaces.h"
#include "lib/Passes.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_KERNELS
#include "lib/Passes.h.inc"
namespace {

constexpr gpu::MappingId gridDimensions[] = {gpu::MappingId::DimX, gpu::MappingId::DimY, gpu::MappingId::DimZ};

ArrayAttr blockMapping(OpBuilder &b, unsigned rank) {
  SmallVector<Attribute> ids;
  for (gpu::MappingId id : ArrayRef(gridDimensions).take_front(rank))
    ids.push_back(gpu::GPUBlockMappingAttr::get(b.getContext(), id));
  return b.getArrayAttr(ids);
}

ArrayAttr threadMapping(OpBuilder &b) {
  return b.getArrayAttr(gpu::GPUThreadMappingAttr::get(b.getContext(), gpu::MappingId::DimX));
}

/// Copies as linalg, whose loops are known.
void generalizeCopies(func::FuncOp f) {
  f.walk([](memref::CopyOp copy) {
    OpBuilder b(copy);
    auto type = cast<MemRefType>(copy.getTarget().getType());
    AffineMap map = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> kinds(type.getRank(), utils::IteratorType::parallel);
    linalg::GenericOp::create(
        b, copy.getLoc(), copy.getSource(), copy.getTarget(), ArrayRef{map, map}, kinds,
        [](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, args[0]); });
    copy.erase();
  });
}

/// Does `convert`, which may erase what it is given, to each operation of `region`, until it fails.
LogicalResult forEachOp(Region &region, llvm::function_ref<LogicalResult(Operation *)> convert) {
  for (Block &block : region)
    for (Operation &op : llvm::make_early_inc_range(block))
      if (failed(convert(&op)))
        return failure();
  return success();
}

/// What tile.product is made of.
struct Factors {
  Value rows, matrix, sums;
  bool transposed, fresh;
};

struct Kernels : impl::KernelsBase<Kernels> {
  using KernelsBase::KernelsBase;
  DenseSet<std::pair<Operation *, Value>> fetched; // loops, and buffers that are asked for ahead in them

  void runOnOperation() override {
    func::FuncOp f = getOperation();
    if (f.isDeclaration())
      return;
    fetched.clear();
    generalizeCopies(f);
    if (failed(convertHost(f.getBody())))
      signalPassFailure();
  }

  Value constant(OpBuilder &b, Location loc, int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }

  // ---- outside of kernels ----

  LogicalResult convertHost(Region &region) {
    return forEachOp(region, [&](Operation *op) { return convertHost(op); });
  }

  LogicalResult convertHost(Operation *op) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (beginsProduct(op) || beginsLongSum(op))
        return success();
      std::optional<Product> product = tensorCoreProduct(linalgOp);
      return product ? overTiles(*product) : isLongSum(linalgOp) ? overBlocks(linalgOp) : overGrid(linalgOp);
    }
    if (auto loop = dyn_cast<scf::ForallOp>(op)) {
      if (loop.getRank() > int64_t(std::size(gridDimensions)))
        return loop.emitError() << "parallel loop has " << loop.getRank() << " dimensions; a grid of blocks has "
                                << std::size(gridDimensions) << " at most";
      OpBuilder b(loop);
      loop.setMappingAttr(blockMapping(b, loop.getRank()));
      if (failed(spreadOverTeams(loop)))
        return failure();
      moveLargeBuffers(loop);
      // all threads of a block come to the barriers of code that is written already
      int64_t usual = threads;
      loop.walk([&](scf::ForallOp inner) {
        if (isOfThreads(inner) && inner != loop)
          threads = *getConstantIntValue(inner.getMixedUpperBound()[0]);
      });
      LogicalResult done = convertBlock(loop.getRegion());
      threads = usual;
      return done;
    }
    if (isa<scf::ForOp, scf::IfOp>(op) && holdsKernels(op)) {
      for (Region &r : op->getRegions())
        if (failed(convertHost(r)))
          return failure();
      return success();
    }
    if (isa<scf::ForOp, scf::IfOp, scf::WhileOp, memref::StoreOp>(op) && !isMemoryEffectFree(op))
      return inOneBlock(op);
    if (isa<memref::LoadOp>(op))
      return op->emitError() << "reads memory of the device outside of a kernel";
    return success();
  }

  /// Whether the host has to go through `op`: what it calls or starts is on the device, or it is what a library
  /// has left.
  static bool holdsKernels(Operation *op) {
    if (auto branch = dyn_cast<scf::IfOp>(op); branch && branch.getCondition().getDefiningOp<tile::LibraryProductOp>())
      return true;
    return op
        ->walk([](Operation *inner) {
          return isa<func::CallOp, scf::ForallOp>(inner) ? WalkResult::interrupt() : WalkResult::advance();
        })
        .wasInterrupted();
  }

  /// A kernel that shares out the elements of `op`.
  LogicalResult overGrid(linalg::LinalgOp op) {
    Location loc = op.getLoc();
    OpBuilder b(op);
    ElementLoops loops(b, op);
    Value blocks = b.createOrFold<arith::CeilDivUIOp>(loc, loops.count(), constant(b, loc, threads));
    auto grid = scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{blocks}, ValueRange(), blockMapping(b, 1));
    b.setInsertionPoint(grid.getTerminator());
    Value first = arith::MulIOp::create(b, loc, grid.getInductionVar(0), constant(b, loc, threads));
    eachThread(b, loc, threads, [&](Value t) {
      Value i = arith::AddIOp::create(b, loc, first, t);
      Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, i, loops.count());
      b.setInsertionPointToStart(scf::IfOp::create(b, loc, inside, false).thenBlock());
      loops.emit(b, i);
    });
    op->erase();
    return success();
  }

  /// Whether each element is a sum of more than a warp should do one after another, over inputs that no other element
  /// reads. Where elements share inputs (a product), those side by side read them together, which blocks would not.
  static bool isLongSum(linalg::LinalgOp op) {
    constexpr int64_t shortSum = 32;
    SmallVector<unsigned> reductions, parallel;
    op.getReductionDims(reductions);
    op.getParallelDims(parallel);
    if (reductions.size() != 1 || op.getNumDpsInits() != 1)
      return false;
    for (OpOperand *input : op.getDpsInputOperands())
      for (unsigned dim : parallel)
        if (!op.getMatchingIndexingMap(input).isFunctionOfDim(dim))
          return false;
    int64_t size = op.getStaticLoopRanges()[reductions[0]];
    return !ShapedType::isDynamic(size) && size > shortSum && ElementLoops::combinerOf(op);
  }

  /// The fill with zeros right in front of `op` that it takes along; null if there is none.
  static linalg::FillOp zerosOf(linalg::LinalgOp op) {
    return ElementLoops::mayBeginWithZeros(op) ? zerosInFront(op) : nullptr;
  }

  /// Whether the op behind `op` takes it along, a fill with zeros.
  static bool beginsNext(Operation *op) {
    auto next = dyn_cast_if_present<linalg::LinalgOp>(op->getNextNode());
    return next && zerosOf(next) == op;
  }
  static bool beginsLongSum(Operation *op) {
    return beginsNext(op) && isLongSum(cast<linalg::LinalgOp>(op->getNextNode()));
  }

  /// A kernel with a block for each element, whose threads sum up parts of it and then, always two and two, each
  /// other's.
  LogicalResult overBlocks(linalg::LinalgOp op) {
    constexpr int64_t parts = 128;
    linalg::FillOp zeros = zerosOf(op);
    Location loc = op.getLoc();
    OpBuilder b(op);
    ElementLoops loops(b, op);
    if (zeros)
      loops.beginWithZeros();
    auto grid = scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{loops.count()}, ValueRange(), blockMapping(b, 1));
    b.setInsertionPoint(grid.getTerminator());
    Value element = grid.getInductionVar(0);
    auto type = MemRefType::get({parts}, getElementTypeOrSelf(op.getDpsInits()[0]));
    Value sums = memref::AllocOp::create(b, loc, type);
    eachThread(b, loc, parts,
               [&](Value t) { memref::StoreOp::create(b, loc, loops.emitPart(b, element, t, parts), sums, t); });
    for (int64_t half = parts / 2; half; half /= 2)
      eachThread(b, loc, half, [&](Value t) {
        Value other =
            memref::LoadOp::create(b, loc, sums, arith::AddIOp::create(b, loc, t, constant(b, loc, half)).getResult());
        memref::StoreOp::create(b, loc, loops.combine(b, memref::LoadOp::create(b, loc, sums, t), other), sums, t);
      });
    eachThread(b, loc, 1, [&](Value t) { loops.finish(b, element, memref::LoadOp::create(b, loc, sums, t)); });
    op->erase();
    if (zeros)
      zeros->erase();
    return success();
  }

  /// Whether the product behind `op` takes it along, a fill with zeros.
  static bool beginsProduct(Operation *op) {
    auto next = dyn_cast_if_present<linalg::LinalgOp>(op->getNextNode());
    return next && tensorCoreProduct(next) && zerosInFront(next) == op;
  }

  /// Kernels that share out tiles of the product's result; where each sequence has one row, one for few sequences and
  /// one for many.
  LogicalResult overTiles(Product p) {
    OpBuilder b(p.op);
    Location loc = p.op.getLoc();
    linalg::FillOp zeros = zerosInFront(p.op);
    LogicalResult done = success();
    if (getOperation()->hasAttr("strand.single_row")) {
      Value rows = b.createOrFold<memref::DimOp>(loc, p.op.getDpsInits()[0], 0);
      Value few = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, rows, constant(b, loc, fewRows));
      auto branch = scf::IfOp::create(b, loc, few, /*withElseRegion=*/true);
      done = overTiles(branch.getThenBodyBuilder(), p, RowCount::few, zeros);
      if (succeeded(done))
        done = overTiles(branch.getElseBodyBuilder(), p, RowCount::some, zeros);
    } else {
      done = overTiles(b, p, RowCount::many, zeros);
    }
    p.op->erase();
    if (zeros)
      zeros->erase();
    return done;
  }

  LogicalResult overTiles(OpBuilder b, Product p, RowCount count, linalg::FillOp zeros) {
    linalg::LinalgOp op = p.op;
    Location loc = op.getLoc();
    ProductShares shares = sharesOfGrid(p, count);
    Value y = op.getDpsInits()[0];
    Value columns = b.createOrFold<memref::DimOp>(loc, y, 1), rows = b.createOrFold<memref::DimOp>(loc, y, 0);
    auto blocks = [&](Value n, int64_t size) -> OpFoldResult {
      return b.createOrFold<arith::CeilDivUIOp>(loc, n, constant(b, loc, size));
    };
    // neighbours are in flight together
    SmallVector<OpFoldResult> counts{blocks(columns, shares.block.columns), blocks(rows, shares.block.rows)};
    unsigned ofColumn = shares.columnsTogether ? 1 : 0;
    if (ofColumn)
      std::swap(counts[0], counts[1]);
    auto grid = scf::ForallOp::create(b, loc, counts, ValueRange(), blockMapping(b, 2));
    b.setInsertionPoint(grid.getTerminator());
    Slab ofColumns = slab(b, loc, grid.getInductionVar(ofColumn), columns, shares.block.columns);
    Slab ofRows = slab(b, loc, grid.getInductionVar(1 - ofColumn), rows, shares.block.rows);
    auto part = [&](OpOperand &operand) -> Value {
      SmallVector<OpFoldResult> at, sizes = memref::getMixedSizes(b, loc, operand.get());
      for (auto [d, loop] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
        unsigned number = cast<AffineDimExpr>(loop).getPosition();
        at.push_back(number == p.n ? ofColumns.first : number == p.m ? ofRows.first : b.getIndexAttr(0));
        sizes[d] = number == p.n ? ofColumns.count : number == p.m ? ofRows.count : sizes[d];
      }
      return memref::SubViewOp::create(b, loc, operand.get(), at, sizes,
                                       SmallVector<OpFoldResult>(2, b.getIndexAttr(1)));
    };
    SmallVector<Value> parts;
    for (OpOperand &operand : op->getOpOperands())
      parts.push_back(part(operand));
    if (tensorCores) {
      auto cut = [&](OpOperand *operand) { return parts[operand->getOperandNumber()]; };
      Factors factors{cut(p.rows), cut(p.matrix), parts.back(), p.transposed, zeros != nullptr};
      shares.depthShares > 1 ? overDepth(b, loc, factors, shares) : overWarps(b, loc, factors, shares);
    } else {
      if (zeros)
        linalg::FillOp::create(b, loc, zeros.getInputs(), parts.back());
      mlir::clone(b, op, TypeRange(), parts);
      return convertBlock(grid.getRegion());
    }
    return success();
  }

  /// A product of the size of a warp's piece: each warp of the block sums up a share of the depth, then threads add
  /// what the warps have.
  void overDepth(OpBuilder &b, Location loc, Factors f, ProductShares shares) {
    int64_t n = shares.depthShares, length = cast<MemRefType>(f.rows.getType()).getDimSize(1) / n;
    Value partial =
        memref::AllocOp::create(b, loc, MemRefType::get({n, shares.warp.rows, shares.warp.columns}, b.getF32Type()));
    eachThread(b, loc, shares.threads, [&](Value t) {
      Value warp = arith::DivUIOp::create(b, loc, t, constant(b, loc, threadsOfWarp));
      Value first = arith::MulIOp::create(b, loc, warp, constant(b, loc, length));
      Factors share{alongDepth(b, loc, f.rows, 1, first, length),
                    alongDepth(b, loc, f.matrix, f.transposed, first, length),
                    sumsOf(b, loc, partial, b.getIndexAttr(1), warp, f.sums), f.transposed, true};
      createProduct(b, loc, share, shares.warp).setEachWarp(true);
    });
    addUp(b, loc, sumsOf(b, loc, partial, b.getIndexAttr(n), b.getIndexAttr(0), f.sums), f, shares.threads);
  }

  /// Values `first` .. of the depth of a factor, which is its dimension `dim`.
  static Value alongDepth(OpBuilder &b, Location loc, Value factor, unsigned dim, Value first, int64_t length) {
    SmallVector<OpFoldResult> at(2, b.getIndexAttr(0)), sizes = memref::getMixedSizes(b, loc, factor);
    at[dim] = first;
    sizes[dim] = b.getIndexAttr(length);
    return memref::SubViewOp::create(b, loc, factor, at, sizes, SmallVector<OpFoldResult>(2, b.getIndexAttr(1)));
  }

  /// As much of the sums of `count` warps from `warp` on as `y` holds; of one warp: without that dimension.
  static Value sumsOf(OpBuilder &b, Location loc, Value partial, OpFoldResult count, OpFoldResult warp, Value y) {
    SmallVector<OpFoldResult> at{warp, b.getIndexAttr(0), b.getIndexAttr(0)}, sizes{count}, ones(3, b.getIndexAttr(1));
    llvm::append_range(sizes, memref::getMixedSizes(b, loc, y));
    if (!isConstantIntValue(count, 1))
      return memref::SubViewOp::create(b, loc, partial, at, sizes, ones);
    auto type = memref::SubViewOp::inferRankReducedResultType(cast<MemRefType>(y.getType()).getShape(),
                                                              cast<MemRefType>(partial.getType()), at, sizes, ones);
    return memref::SubViewOp::create(b, loc, type, partial, at, sizes, ones);
  }

  /// sums[m, n] (+)= sum_s parts[s, m, n], shared out among `count` threads.
  void addUp(OpBuilder &b, Location loc, Value parts, Factors f, int64_t count) {
    AffineExpr m, n, s;
    bindDims(b.getContext(), m, n, s);
    auto maps = AffineMap::inferFromExprList({ArrayRef{s, m, n}, ArrayRef{m, n}}, b.getContext());
    SmallVector kinds{utils::IteratorType::parallel, utils::IteratorType::parallel, utils::IteratorType::reduction};
    auto sum =
        linalg::GenericOp::create(b, loc, parts, f.sums, maps, kinds, [](OpBuilder &b, Location loc, ValueRange args) {
          linalg::YieldOp::create(b, loc, arith::AddFOp::create(b, loc, args[1], args[0]).getResult());
        });
    ElementLoops loops(b, sum);
    if (f.fresh)
      loops.beginWithZeros();
    eachThread(b, loc, count, [&](Value t) {
      everyStep(b, loc, t, loops.count(), count,
                [&](Value i) { loops.finish(b, i, loops.emitPart(b, i, constant(b, loc, 0), 1)); });
    });
    sum.erase();
  }

  /// Some neighbouring lines.
  struct Slab {
    OpFoldResult first, count;
  };

  /// Slab `number` of `size` lines, or those that are left.
  static Slab slab(OpBuilder &b, Location loc, Value number, Value lines, int64_t size) {
    Value all = arith::ConstantIndexOp::create(b, loc, size), first = arith::MulIOp::create(b, loc, number, all);
    std::optional<int64_t> known = getConstantIntValue(lines);
    if (known && *known % size == 0)
      return {first, b.getIndexAttr(size)};
    return {first, arith::MinUIOp::create(b, loc, arith::SubIOp::create(b, loc, lines, first), all).getResult()};
  }

  /// A kernel of one block around `op`.
  LogicalResult inOneBlock(Operation *op) {
    OpBuilder b(op);
    if (op->getNumResults())
      return op->emitError() << "computes a value of the host from memory of the device";
    auto grid = scf::ForallOp::create(b, op->getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)}, ValueRange(),
                                      blockMapping(b, 1));
    op->moveBefore(grid.getTerminator());
    return convertBlock(grid.getRegion());
  }

  /// Buffers of a block beyond what its shared memory holds become parts of one buffer of the whole grid; the largest
  /// first, of those that are in use where most is.
  void moveLargeBuffers(scf::ForallOp loop) {
    SmallVector<memref::AllocOp> allocs;
    loop.walk([&](memref::AllocOp alloc) {
      if (alloc.getType().hasStaticShape())
        allocs.push_back(alloc);
    });
    while (true) {
      SmallVector<memref::AllocOp> most = mostInUse(loop, allocs);
      int64_t total = 0;
      memref::AllocOp largest;
      for (memref::AllocOp alloc : most) {
        total += bytesInPlace(alloc);
        if (!alloc->hasAttr(tile::sharedMark) && (!largest || bytesInPlace(alloc) > bytesInPlace(largest)))
          largest = alloc;
      }
      if (total <= shared || !largest)
        return;
      allocs.erase(llvm::find(allocs, largest));
      moveToGrid(largest, loop);
    }
  }

  void moveToGrid(memref::AllocOp alloc, scf::ForallOp loop) {
    Location loc = alloc.getLoc();
    OpBuilder outside(loop), b(alloc);
    Value bytes = constant(outside, loc, bytesInPlace(alloc)), all = bytes, number;
    for (auto [n, iv] : llvm::zip(loop.getUpperBound(outside), loop.getInductionVars())) {
      all = outside.createOrFold<arith::MulIOp>(loc, n, all);
      number = number ? arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, number, n), iv).getResult() : iv;
    }
    auto type = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
    Value grid = memref::AllocOp::create(outside, loc, type, all, outside.getI64IntegerAttr(64));
    placeAt(alloc, grid, arith::MulIOp::create(b, loc, number, bytes));
  }

  /// The buffer as a part of another, from byte `at` on.
  static void placeAt(memref::AllocOp alloc, Value whole, Value at) {
    OpBuilder b(alloc);
    Value part = memref::ViewOp::create(b, alloc.getLoc(), alloc.getType(), whole, at, ValueRange());
    alloc.replaceAllUsesWith(part);
    alloc.erase();
  }

  // ---- inside ----

  LogicalResult convertBlock(Region &region) {
    return forEachOp(region, [&](Operation *op) { return convertBlock(op); });
  }

  LogicalResult convertBlock(Operation *op) {
    OpBuilder b(op);
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      std::optional<Product> product = tensorCores ? tensorCoreProduct(linalgOp) : std::nullopt;
      if (!product) {
        if (!beginsNext(op) && !(tensorCores && beginsProduct(op)))
          overThreads(b, linalgOp);
        return success();
      }
      linalg::FillOp zeros = zerosInFront(linalgOp);
      Factors factors{product->rows->get(), product->matrix->get(), linalgOp.getDpsInits()[0], product->transposed,
                      zeros != nullptr};
      overWarps(b, op->getLoc(), factors, {{}, warpTileInBlock(*product, threads), threads});
      op->erase();
      if (zeros)
        zeros->erase();
      return success();
    }
    if (isa<memref::StoreOp>(op)) {
      auto once = scf::ForallOp::create(b, op->getLoc(), ArrayRef<OpFoldResult>{b.getIndexAttr(1)}, ValueRange(),
                                        threadMapping(b));
      op->moveBefore(once.getTerminator());
      return success();
    }
    if (auto loop = dyn_cast<scf::ForallOp>(op))
      return isOfThreads(loop) ? success() : overTeams(loop);
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && loop.use_empty())
      if (std::optional<OwnElements> own = ownElements(loop.getOperation()); own && !hasProducts(*own)) {
        throughLoop(loop, *own);
        return success();
      }
    if (auto inMemory = dyn_cast<tile::MemoryOpInterface>(op)) {
      auto each = [&](int64_t count, tile::ThreadBody body) {
        eachThread(b, op->getLoc(), count, [&](Value thread) { body(b, thread); });
      };
      if (auto attend = dyn_cast<tile::AttendOp>(op); attend && tensorCores) { // code of the device
        attendByWarps(b, attend, threads, each);
        if (int64_t together = attend.blocksTogether();
            together > 2) // else what has to be in registers counts for more
          kernelOf(op)->setAttr(tile::blocksTogetherMark, b.getI64IntegerAttr(together));
      } else {
        inMemory.emitInMemory(b, each);
      }
      op->erase();
      return success();
    }
    if (isa<func::CallOp>(op))
      return op->emitError() << "call inside a parallel loop has no form for blocks of threads; inline it";
    for (Region &r : op->getRegions())
      if (failed(convertBlock(r)))
        return failure();
    return success();
  }

  /// The product where all threads of a block come together, with a stage if it is to have one.
  void overWarps(OpBuilder &b, Location loc, Factors f, ProductShares shares) {
    Value stage;
    if (shares.staged) {
      int64_t bytes = tile::stageBytes(shares.block, getElementTypeOrSelf(f.rows), getElementTypeOrSelf(f.matrix));
      stage = memref::AllocOp::create(b, loc, MemRefType::get({bytes}, b.getI8Type()));
    }
    eachThread(b, loc, shares.threads, [&](Value) {
      tile::ProductOp product = createProduct(b, loc, f, shares.warp);
      if (!stage)
        return;
      product.getStageMutable().assign(stage);
      product.setBlock(ArrayRef{shares.block.columns, shares.block.rows});
    });
  }

  static tile::ProductOp createProduct(OpBuilder &b, Location loc, Factors f, tile::Piece warp) {
    auto product =
        tile::ProductOp::create(b, loc, f.rows, f.matrix, f.sums, Value(), ArrayRef{warp.columns, warp.rows}, nullptr);
    product.setTransposed(f.transposed);
    product.setFresh(f.fresh);
    return product;
  }

  /// How many threads take part in the sum of an element, where a block has more threads than there are elements.
  int64_t partsOfSum(const ElementLoops &loops) {
    constexpr int64_t leastSteps = 4;
    std::optional<int64_t> elements = loops.staticCount(), terms = loops.terms();
    if (!elements || !*elements || !terms)
      return 1;
    return llvm::bit_floor(uint64_t(std::min(threads / *elements, *terms / leastSteps)));
  }

  /// Threads side by side sum up neighbouring elements; then one thread an element adds up the parts of its sum.
  void inParts(OpBuilder &b, linalg::LinalgOp op, ElementLoops &loops, int64_t parts) {
    Location loc = op.getLoc();
    int64_t n = *loops.staticCount();
    auto type = MemRefType::get({parts, n}, getElementTypeOrSelf(loops.summed().get()));
    Value sums = memref::AllocOp::create(b, loc, type);
    eachThread(b, loc, n * parts, [&](Value t) {
      Value element = arith::RemUIOp::create(b, loc, t, constant(b, loc, n)),
            part = arith::DivUIOp::create(b, loc, t, constant(b, loc, n));
      memref::StoreOp::create(b, loc, loops.emitPart(b, element, part, parts), sums, ValueRange{part, element});
    });
    eachThread(b, loc, n, [&](Value t) {
      Value whole = memref::LoadOp::create(b, loc, sums, ValueRange{constant(b, loc, 0), t});
      for (int64_t p = 1; p < parts; ++p)
        whole = loops.combine(b, whole, memref::LoadOp::create(b, loc, sums, ValueRange{constant(b, loc, p), t}));
      loops.finish(b, t, whole);
    });
    op->erase();
  }

  // ---- threads that do not wait for each other ----

  static bool hasProducts(const OwnElements &own) {
    return llvm::any_of(own.ops, [](linalg::LinalgOp op) { return tensorCoreProduct(op).has_value(); });
  }

  /// Calls `body` for each of `count` elements.
  void eachElement(OpBuilder &b, Location loc, int64_t count, int64_t most, function_ref<void(Value element)> body) {
    eachThread(b, loc, std::min(count, most), [&](Value t) {
      if (count <= most)
        return body(t);
      everyStep(b, loc, t, constant(b, loc, count), most, body);
    });
  }

  /// Calls `body` for `first`, and each `step` further, below `end`.
  void everyStep(OpBuilder &b, Location loc, Value first, Value end, int64_t step, function_ref<void(Value)> body) {
    auto loop = scf::ForOp::create(b, loc, first, end, constant(b, loc, step));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    body(loop.getInductionVar());
  }

  /// Code that computes element `i` of each of the linalg ops in and below `op`, instead of them.
  void emitElement(Operation *op, Value i, int64_t together) {
    SmallVector<linalg::LinalgOp> ops;
    op->walk([&](linalg::LinalgOp inner) { ops.push_back(inner); });
    for (linalg::LinalgOp inner : ops) {
      OpBuilder b(inner);
      ElementLoops(b, inner, together).emit(b, i);
      inner->erase();
    }
  }

  /// A loop around elements of threads' own: threads go through it by themselves.
  void throughLoop(scf::ForOp loop, const OwnElements &own) {
    OpBuilder b(loop);
    loop.walk([&](memref::AllocOp alloc) { alloc->moveBefore(loop); });
    eachElement(b, loop.getLoc(), own.count, threads, [&](Value i) { emitElement(b.clone(*loop), i, 0); });
    loop.erase();
  }

  /// A parallel loop inside of a block: a team of threads for each iteration. Ops of which each leaves threads their
  /// own elements follow each other without waiting, as far as all of them together do.
  LogicalResult overTeams(scf::ForallOp loop) {
    SmallVector<Operation *> group;
    std::optional<OwnElements> own;
    for (Operation &op : loop.getBody()->without_terminator()) {
      if (!touchesElements(&op))
        continue;
      group.push_back(&op);
      std::optional<OwnElements> longer = ownElements(group);
      if (!longer) {
        group.pop_back();
        if (own)
          overTeams(loop, group, *own);
        group = {&op};
        longer = ownElements(group);
      }
      own = longer;
      if (!own || hasProducts(*own))
        return op.emitError() << "in a parallel loop inside a parallel loop has no form for teams of threads: threads "
                                 "would wait for each other";
    }
    if (own)
      overTeams(loop, group, *own);
    loop.erase();
    return success();
  }

  static scf::ForallOp kernelOf(Operation *op) {
    auto loop = op->getParentOfType<scf::ForallOp>();
    while (auto around = loop->getParentOfType<scf::ForallOp>())
      loop = around;
    return loop;
  }

  static bool touchesElements(Operation *op) {
    return op->walk([](linalg::LinalgOp) { return WalkResult::interrupt(); }).wasInterrupted();
  }

  /// `group` of what stands in `loop`.
  void overTeams(scf::ForallOp loop, ArrayRef<Operation *> group, const OwnElements &own) {
    constexpr int64_t mostThreads = 1024, longTile = 16;
    Location loc = loop.getLoc();
    OpBuilder b(loop);
    int64_t count = *getConstantIntValue(loop.getMixedUpperBound()[0]) * own.count;
    eachElement(b, loc, count, count <= mostThreads ? mostThreads : threads, [&](Value e) {
      Value n = constant(b, loc, own.count);
      Value team = b.createOrFold<arith::DivUIOp>(loc, e, n), i = b.createOrFold<arith::RemUIOp>(loc, e, n);
      fetchAhead(b, loop, own, team, i);
      IRMapping inside;
      inside.map(loop.getInductionVar(0), team);
      SmallVector<Operation *> copies;
      for (Operation &op : loop.getBody()->without_terminator())
        if (llvm::is_contained(group, &op))
          copies.push_back(b.clone(op, inside));
        else if (!touchesElements(&op))
          b.clone(op, inside);
      for (Operation *copy : copies)
        emitElement(copy, i, longTile);
    });
  }

  /// Whether strand-register-tiles has written the code of threads already.
  static bool isOfThreads(scf::ForallOp loop) { return loop.getMapping().has_value(); }

  /// Loops over teams of the kernel `kernel`: buffers that are made in each iteration become parts of one.
  LogicalResult spreadOverTeams(scf::ForallOp kernel) {
    SmallVector<scf::ForallOp> loops;
    kernel.getRegion().walk([&](scf::ForallOp loop) {
      if (!isOfThreads(loop))
        loops.push_back(loop);
    });
    for (scf::ForallOp loop : loops) {
      std::optional<int64_t> teams =
          loop.getRank() == 1 && loop.isNormalized() ? getConstantIntValue(loop.getMixedUpperBound()[0]) : std::nullopt;
      if (!teams)
        return loop.emitError() << "parallel loop inside a parallel loop has no form for blocks of threads, unless it "
                                   "counts to a known number";
      for (auto alloc : llvm::make_early_inc_range(loop.getBody()->getOps<memref::AllocOp>())) {
        OpBuilder outside(loop), b(alloc);
        Location loc = alloc.getLoc();
        Value all =
            memref::AllocOp::create(outside, loc, MemRefType::get({*teams * bytesInPlace(alloc)}, b.getI8Type()));
        placeAt(alloc, all,
                arith::MulIOp::create(b, loc, loop.getInductionVar(0), constant(b, loc, bytesInPlace(alloc))));
      }
    }
    return success();
  }

  /// Asks for what the threads will read when the loop around `teams` comes here again.
  void fetchAhead(OpBuilder &b, scf::ForallOp teams, const OwnElements &own, Value team, Value i) {
    auto around = dyn_cast<scf::ForOp>(teams->getParentOp());
    if (!around || around.getNumRegionIterArgs())
      return;
    SetVector<Value> views;
    for (linalg::LinalgOp op : own.ops)
      for (Value input : op.getDpsInputs())
        if (isReadAhead(input, around, teams->getParentOfType<scf::ForallOp>()) &&
            !fetched.contains({around, bufferOf(input)}))
          views.insert(input);
    if (views.empty())
      return;
    for (Value view : views) // not again where the same rows are read a second time
      fetched.insert({around, bufferOf(view)});
    Location loc = teams.getLoc();
    Value step = around.getStep(), next = arith::AddIOp::create(b, loc, around.getInductionVar(), step);
    Value behind = arith::AddIOp::create(b, loc, next, step);
    Value comes = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, behind, around.getUpperBound());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(scf::IfOp::create(b, loc, comes, false).thenBlock());
    IRMapping later;
    later.map(around.getInductionVar(), next);
    later.map(teams.getInductionVar(0), team);
    for (Value view : views)
      fetchView(b, again(b, view, around, later), own.count, i);
  }

  /// Whether `view`, of two dimensions, is of memory from outside of the kernel and goes on with the loop.
  static bool isReadAhead(Value view, scf::ForOp around, scf::ForallOp kernel) {
    auto type = dyn_cast<MemRefType>(view.getType());
    if (!type || type.getRank() != 2 || !type.hasStaticShape() || !view.getDefiningOp<memref::SubViewOp>() ||
        !type.areTrailingDimsContiguous(1) || kernel->isAncestor(bufferOf(view).getParentRegion()->getParentOp()))
      return false;
    SetVector<Operation *> from;
    BackwardSliceOptions options;
    options.filter = [&](Operation *op) { return around->isProperAncestor(op) && isMemoryEffectFree(op); };
    options.inclusive = true;
    if (failed(getBackwardSlice(view, &from, options)))
      return false;
    return llvm::any_of(from,
                        [&](Operation *op) { return llvm::is_contained(op->getOperands(), around.getInductionVar()); });
  }

  /// `v`, which is computed in `around`, with the values of `later`.
  static Value again(OpBuilder &b, Value v, scf::ForOp around, IRMapping &later) {
    if (Value known = later.lookupOrNull(v))
      return known;
    Operation *op = v.getDefiningOp();
    if (!op || !around->isProperAncestor(op))
      return v;
    for (Value operand : op->getOperands())
      again(b, operand, around, later);
    return b.clone(*op, later)->getResult(cast<OpResult>(v).getResultNumber());
  }

  /// The part of thread `i` of `threads` in asking for a view of rows.
  void fetchView(OpBuilder &b, Value view, int64_t threads, Value i) {
    constexpr int64_t sector = 32, secondLevel = 2;
    Location loc = view.getLoc();
    auto type = cast<MemRefType>(view.getType());
    int64_t elements = std::max<int64_t>(1, sector / bytesOfElement(type.getElementType()));
    int64_t pieces = llvm::divideCeil(type.getDimSize(1), elements), all = type.getDimSize(0) * pieces;
    for (int64_t first = 0; first < all; first += threads) {
      Value piece = arith::AddIOp::create(b, loc, i, constant(b, loc, first));
      if (first + threads > all)
        piece = arith::MinUIOp::create(b, loc, piece, constant(b, loc, all - 1));
      Value row = arith::DivUIOp::create(b, loc, piece, constant(b, loc, pieces));
      Value column = arith::MulIOp::create(b, loc, arith::RemUIOp::create(b, loc, piece, constant(b, loc, pieces)),
                                           constant(b, loc, elements));
      memref::PrefetchOp::create(b, loc, view, ValueRange{row, column}, /*isWrite=*/false, secondLevel,
                                 /*isDataCache=*/true);
    }
  }

  void overThreads(OpBuilder &b, linalg::LinalgOp op) {
    Location loc = op.getLoc();
    linalg::FillOp zeros = zerosOf(op);
    ElementLoops loops(b, op);
    if (zeros) {
      loops.beginWithZeros();
      zeros.erase();
    }
    if (int64_t parts = partsOfSum(loops); parts > 1)
      return inParts(b, op, loops, parts);
    eachThread(b, loc, threads, [&](Value t) {
      if (std::optional<int64_t> n = loops.staticCount(); n && *n <= threads) {
        Value inside = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, t, loops.count());
        b.setInsertionPointToStart(scf::IfOp::create(b, loc, inside, false).thenBlock());
        loops.emit(b, t);
        return;
      }
      everyStep(b, loc, t, loops.count(), threads, [&](Value i) { loops.emit(b, i); });
    });
    op->erase();
  }

  void eachThread(OpBuilder &b, Location loc, int64_t count, function_ref<void(Value thread)> body) {
    auto loop =
        scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{b.getIndexAttr(count)}, ValueRange(), threadMapping(b));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getTerminator());
    Value t = loop.getInductionVar(0);
    body(backwards ? arith::SubIOp::create(b, loc, constant(b, loc, count - 1), t).getResult() : t);
  }
};
} // namespace
} // namespace strand
