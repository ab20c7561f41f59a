// strand-tile-products. The columns of the result take the 16 lines of a fragment, since the matrix is what is read
// most; its rows take the 8.
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/StagedSums.h"
#include "lib/Codegen/IndexMath.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_TILEPRODUCTS
#include "lib/Passes.h.inc"
namespace {

/// How many values of a line a thread holds at a time: 16 bytes of bf16, half of it where the depth is
/// short or lines are many.
int64_t runOf(tile::Piece tile, int64_t depth) {
  constexpr int64_t manyLines = 48; // sums, and operands of two steps, fill a thread's registers
  return depth < 8 * lanesAlongDepth || tile.columns + tile.rows > manyLines ? 4 : 8;
}

/// How many runs of each line are multiplied in a step. A warp with few lines has to have more of each under way.
int64_t runsOfStep(tile::Piece tile, int64_t depth, int64_t run) {
  constexpr int64_t linesUnderWay = 8;
  int64_t wanted = std::max<int64_t>(1, linesUnderWay * fragment.columns / (2 * tile.columns));
  return std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, depth / (run * lanesAlongDepth)));
}

/// The code of one thread for one product, which `warps` share.
class Emitter {
public:
  Emitter(tile::ProductOp op, int64_t warps)
      : b(op.getLoc(), op), math{b, op.getLoc()}, op(op), tile{op.getWarp()[0], op.getWarp()[1]}, warps(warps),
        run(runOf(tile, op.depth())), matrix(op.getMatrix(), !op.getTransposed(), run), rows(op.getRows(), false, run),
        runs(runsOfStep(tile, op.depth(), run)) {}

  void emit();

private:
  /// Where a thread's lines are: of each fragment of columns two, of one of rows one.
  struct Lines {
    SmallVector<Value> columns, rows; // not beyond the last
    Value firstColumn, firstRow;      // of the tile
  };
  using Words = SmallVector<SmallVector<Value>>; // of each line of columns, then of rows, all runs
  using Parts = SmallVector<SmallVector<Value>>; // of a run

  ImplicitLocOpBuilder b;
  IndexMath math;
  tile::ProductOp op;
  tile::Piece tile;
  int64_t warps, run;
  FragmentOperand matrix, rows;
  int64_t runs;
  Value numColumns, numRows, warp, inWarp, line, lane; // lane: place along the depth

  int64_t columnFragments() const { return tile.columns / fragment.columns; }
  int64_t rowFragments() const { return tile.rows / fragment.rows; }
  int64_t step() const { return runs * run * lanesAlongDepth; }

  void emitTiles();
  void emitTile(Value number, Value across);
  void emitStaged();
  Lines linesOf(Value firstColumn, Value firstRow);
  Words load(const Lines &lines, Value k, bool last);
  SmallVector<Value> sumOverDepth(const Lines &lines);
  SmallVector<Value> flat(ValueRange sums, const Words &words);
  Words wordsIn(ValueRange all, const Words &like);
  SmallVector<Value> multiply(const Words &words, ValueRange sums);
  SmallVector<Value> multiplyRuns(const Parts &low, const Parts &high, const Parts &row);
  void store(const Lines &lines, ValueRange sums);
  void storeRow(const Lines &lines, Value row, ValueRange sums, int64_t first);
};

/// A line of a tile as the thread reads it: the last one instead of those beyond.
Value clampedTo(ImplicitLocOpBuilder &b, Value line, Value count) {
  Value last = b.createOrFold<arith::SubIOp>(count, arith::ConstantIndexOp::create(b, 1));
  return arith::MinUIOp::create(b, line, last);
}

/// Whether a tile of `size` can reach beyond `count`.
bool mayEndInside(Value count, int64_t size) {
  std::optional<int64_t> n = getConstantIntValue(count);
  return !n || *n % size;
}

void Emitter::emit() {
  numColumns = matrix.lines(b);
  numRows = rows.lines(b);
  Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
  warp = arith::DivUIOp::create(b, thread, math.of(threadsOfWarp));
  inWarp = arith::RemUIOp::create(b, thread, math.of(threadsOfWarp));
  line = arith::DivUIOp::create(b, inWarp, math.of(lanesAlongDepth));
  lane = arith::RemUIOp::create(b, inWarp, math.of(lanesAlongDepth));
  op.getStage() ? emitStaged() : emitTiles();
}

void Emitter::emitTiles() {
  Value across = b.createOrFold<arith::CeilDivUIOp>(numColumns, math.of(tile.columns));
  Value down = b.createOrFold<arith::CeilDivUIOp>(numRows, math.of(tile.rows));
  auto tiles = scf::ForOp::create(b, warps == 1 ? math.of(0) : warp, b.createOrFold<arith::MulIOp>(across, down),
                                  math.of(warps));
  b.setInsertionPoint(tiles.getBody()->getTerminator());
  emitTile(tiles.getInductionVar(), across);
}

/// The one piece of each warp. Warps beyond the end of the result come along, since all threads fill the stage.
void Emitter::emitStaged() {
  Value across = math.of((*op.getBlock())[0] / tile.columns);
  Value column = math.mul(arith::RemUIOp::create(b, warp, across), tile.columns);
  Value row = math.mul(arith::DivUIOp::create(b, warp, across), tile.rows);
  SmallVector<Value> sums = stagedSums(b, op, warps * threadsOfWarp, column, row);
  store(linesOf(column, row), sums);
}

void Emitter::emitTile(Value number, Value across) {
  Lines lines = linesOf(math.mul(b.createOrFold<arith::RemUIOp>(number, across), tile.columns),
                        math.mul(b.createOrFold<arith::DivUIOp>(number, across), tile.rows));
  store(lines, sumOverDepth(lines));
}

Emitter::Lines Emitter::linesOf(Value firstColumn, Value firstRow) {
  Lines lines{{}, {}, firstColumn, firstRow};
  auto add = [&](SmallVector<Value> &to, Value first, int64_t size, Value count) {
    bool ends = mayEndInside(count, size);
    for (int64_t i = 0; i < size; i += linesOfFragment) {
      Value at = math.add(math.add(first, i), line);
      to.push_back(ends ? clampedTo(b, at, count) : at);
    }
  };
  add(lines.columns, firstColumn, tile.columns, numColumns);
  add(lines.rows, firstRow, tile.rows, numRows);
  return lines;
}

/// The step from depth `k` on.
Emitter::Words Emitter::load(const Lines &lines, Value k, bool last) {
  Words words;
  auto add = [&](const FragmentOperand &operand, ArrayRef<Value> ofOperand) {
    for (Value l : ofOperand) {
      SmallVector<Value> all;
      for (int64_t r = 0; r < runs; ++r) {
        Value at = math.add(math.add(k, math.mul(lane, run)), r * run * lanesAlongDepth);
        llvm::append_range(all, last ? operand.loadLast(b, l, at) : operand.load(b, l, at));
      }
      words.push_back(std::move(all));
    }
  };
  add(matrix, lines.columns);
  add(rows, lines.rows);
  return words;
}

/// Of each fragment of columns and of rows in it, four values. A step is multiplied while the next one is loaded.
SmallVector<Value> Emitter::sumOverDepth(const Lines &lines) {
  int64_t depth = matrix.depth(), whole = depth - depth % step();
  Value zero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  SmallVector<Value> sums(4 * columnFragments() * rowFragments(), zero);
  if (whole) {
    Words words = load(lines, math.of(0), false);
    auto loop = scf::ForOp::create(b, math.of(step()), math.of(whole), math.of(step()), flat(sums, words));
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      ValueRange carried = loop.getRegionIterArgs();
      Words next = load(lines, loop.getInductionVar(), false);
      SmallVector<Value> added = multiply(wordsIn(carried, words), carried.take_front(sums.size()));
      scf::YieldOp::create(b, flat(added, next));
    }
    ValueRange left = loop.getResults();
    sums = multiply(wordsIn(left, words), left.take_front(sums.size()));
  }
  return whole == depth ? sums : multiply(load(lines, math.of(whole), true), sums);
}

/// One list of sums, then words, as a loop carries them.
SmallVector<Value> Emitter::flat(ValueRange sums, const Words &words) {
  SmallVector<Value> all(sums);
  for (ArrayRef<Value> ofLine : words)
    llvm::append_range(all, ofLine);
  return all;
}

/// The words at the end of such a list, in lines as `like` has them.
Emitter::Words Emitter::wordsIn(ValueRange all, const Words &like) {
  size_t count = 0;
  for (ArrayRef<Value> ofLine : like)
    count += ofLine.size();
  ValueRange rest = all.take_back(count);
  Words words;
  for (ArrayRef<Value> ofLine : like) {
    words.push_back(llvm::to_vector(rest.take_front(ofLine.size())));
    rest = rest.drop_front(ofLine.size());
  }
  return words;
}

/// sums + what the step's words give.
SmallVector<Value> Emitter::multiply(const Words &words, ValueRange sums) {
  int64_t columnLines = tile.columns / linesOfFragment;
  SmallVector<Value> next(sums);
  for (int64_t r = 0; r < runs; ++r) {
    auto partsOf = [&](const FragmentOperand &operand, int64_t l) {
      int64_t count = words[l].size() / runs;
      return operand.parts(b, ArrayRef(words[l]).slice(r * count, count));
    };
    SmallVector<Parts> ofColumns;
    for (int64_t l = 0; l < columnLines; ++l)
      ofColumns.push_back(partsOf(matrix, l));
    for (int64_t j = 0; j < rowFragments(); ++j) {
      Parts ofRow = partsOf(rows, columnLines + j);
      for (int64_t i = 0; i < columnFragments(); ++i) {
        SmallVector<Value> step = multiplyRuns(ofColumns[2 * i], ofColumns[2 * i + 1], ofRow);
        for (auto [e, v] : llvm::enumerate(step)) {
          Value &sum = next[4 * (i * rowFragments() + j) + e];
          sum = arith::AddFOp::create(b, sum, v);
        }
      }
    }
  }
  return next;
}

/// The sum over a run of two lines of columns with one of rows.
SmallVector<Value> Emitter::multiplyRuns(const Parts &low, const Parts &high, const Parts &row) {
  SmallVector<Value> sums(4, arith::ConstantOp::create(b, b.getF32FloatAttr(0)));
  for (int64_t k = 0; k < run / 2; k += 2) {
    Parts columns, rows;
    for (auto [l, h] : llvm::zip(low, high))
      columns.push_back({l[k], h[k], l[k + 1], h[k + 1]});
    for (const SmallVector<Value> &r : row)
      rows.push_back({r[k], r[k + 1]});
    sums = multiplyParts(b, columns, rows, std::move(sums));
  }
  return sums;
}

void Emitter::store(const Lines &lines, ValueRange sums) {
  bool ends = mayEndInside(numRows, tile.rows);
  for (int64_t j = 0; j < rowFragments(); ++j)
    for (int64_t e : {0, 1}) {
      Value row = math.add(math.add(lines.firstRow, j * fragment.rows + e), math.mul(lane, 2));
      OpBuilder::InsertionGuard guard(b);
      if (ends) {
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, row, numRows);
        b.setInsertionPointToStart(scf::IfOp::create(b, inside, false).thenBlock());
      }
      storeRow(lines, row, sums, 4 * j + e);
    }
}

/// The thread's values of one row; `first`: the place of that of the first column among the sums.
void Emitter::storeRow(const Lines &lines, Value row, ValueRange sums, int64_t first) {
  bool ends = mayEndInside(numColumns, tile.columns);
  for (int64_t i = 0; i < columnFragments(); ++i)
    for (int64_t half : {0, 1}) {
      Value column = math.add(math.add(lines.firstColumn, i * fragment.columns + half * linesOfFragment), line);
      OpBuilder::InsertionGuard guard(b);
      if (ends) {
        Value inside = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, column, numColumns);
        b.setInsertionPointToStart(scf::IfOp::create(b, inside, false).thenBlock());
      }
      Value sum = sums[first + 4 * i * rowFragments() + 2 * half];
      if (!op.getFresh())
        sum = arith::AddFOp::create(b, memref::LoadOp::create(b, op.getSums(), ValueRange{row, column}), sum);
      memref::StoreOp::create(b, sum, op.getSums(), ValueRange{row, column});
    }
}

struct TileProducts : impl::TileProductsBase<TileProducts> {
  void runOnOperation() override {
    SmallVector<tile::ProductOp> products;
    getOperation().walk([&](tile::ProductOp op) { products.push_back(op); });
    for (tile::ProductOp op : products)
      if (failed(convert(op)))
        return signalPassFailure();
  }

  /// Else ptxas keeps to so few registers that three blocks fit on a multiprocessor, and spills some sums.
  void allowAllRegisters(int64_t threads) {
    constexpr int64_t registersOfProcessor = 64 << 10, mostOfThread = 255;
    int64_t blocks = std::clamp<int64_t>(registersOfProcessor / (mostOfThread * threads), 1, 2);
    getOperation()->setAttr("nvvm.minctasm", OpBuilder(getOperation()).getI32IntegerAttr(int32_t(blocks)));
  }

  LogicalResult convert(tile::ProductOp op) {
    std::optional<DenseI32ArrayAttr> block = getOperation().getKnownBlockSizeAttr();
    if (!block || block->empty() || (*block)[0] <= 0 || (*block)[0] % threadsOfWarp)
      return op.emitError() << "stands in a kernel whose threads are not known to be warps of " << threadsOfWarp;
    int64_t warps = (*block)[0] / threadsOfWarp;
    if (op.getStage()) {
      int64_t pieces = (*op.getBlock())[0] / op.getWarp()[0] * ((*op.getBlock())[1] / op.getWarp()[1]);
      if (pieces != warps)
        return op.emitError() << "has " << pieces << " pieces for the " << warps
                              << " warps of the block; each takes one";
    }
    Emitter(op, op.getEachWarp() ? 1 : warps).emit();
    op.erase();
    allowAllRegisters((*block)[0]);
    return success();
  }
};
} // namespace
} // namespace strand
