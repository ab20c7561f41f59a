#include "lib/Codegen/Gpu/StagedSums.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/IndexMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
namespace strand {
namespace {
constexpr int64_t chunk = 8, chunksOfLine = tile::stageDepth / chunk, bytesOfChunk = 16,
                  bytesOfLine = chunksOfLine * bytesOfChunk;
constexpr int64_t depthOfFragment = 16, linesOfMatrix = 8; // of an ldmatrix

/// Where chunk `c` of a line lies in it; `line` modulo 8.
Value placeOfChunk(IndexMath at, Value c, Value line) { return at.mul(at.turn(c, at.div(line, 2)), bytesOfChunk); }

/// One factor of the product on its way through the stage.
class StagedFactor {
public:
  /// `lines` of the block; its places for two steps begin at byte `begin` of the stage.
  StagedFactor(ImplicitLocOpBuilder &b, Value buffer, bool depthFirst, int64_t lines, int64_t threads, Value stage,
               int64_t begin)
      : b(b), at{b, b.getLoc()}, memory(buffer, depthFirst, chunk), stage(stage), lines(lines), begin(begin),
        parts(tile::numParts(cast<MemRefType>(buffer.getType()).getElementType())),
        perThread(llvm::divideCeil(lines * chunksOfLine, threads)) {
    Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    Value last = b.createOrFold<arith::SubIOp>(memory.lines(b), at.of(1));
    for (int64_t i = 0; i < perThread; ++i) {
      // threads beyond the last chunk do what the one of that does
      Value number = at.min(at.add(thread, i * threads), at.of(lines * chunksOfLine - 1));
      // neighbouring threads read neighbouring memory
      Value line = depthFirst ? at.rem(number, lines) : at.div(number, chunksOfLine);
      Value c = depthFirst ? at.div(number, lines) : at.rem(number, chunksOfLine);
      chunks.push_back({at.min(line, last), at.mul(c, chunk),
                        at.add(at.mul(line, bytesOfLine), placeOfChunk(at, c, at.rem(line, linesOfMatrix)))});
    }
  }

  /// Of both places.
  int64_t bytes() const { return 2 * parts * bytesOfPart(); }

  using Words = SmallVector<SmallVector<Value>>;
  /// What the thread brings of the step from depth `k` on; zeros beyond the depth.
  Words load(Value k) {
    Words words;
    for (const Chunk &c : chunks)
      words.push_back(memory.depth() % tile::stageDepth ? memory.loadLast(b, c.line, at.add(k, c.depth))
                                                        : memory.load(b, c.line, at.add(k, c.depth)));
    return words;
  }

  /// Into place `step` of two.
  void store(const Words &words, int64_t step) {
    for (auto [c, ofChunk] : llvm::zip(chunks, words))
      for (auto [p, part] : llvm::enumerate(memory.parts(b, ofChunk))) {
        Value whole = vector::FromElementsOp::create(b, VectorType::get(part.size(), b.getI32Type()), part);
        LLVM::StoreOp::create(b, whole, addressOf(step, p, c.place), bytesOfChunk);
      }
  }

  /// Of 16 lines from `first` on and the half `half` of a step: for each part four words. `depthsTogether`: words 0 and
  /// 1 are two halves of the depth of the first 8 lines, as rows have them, else those 8 lines and the other 8.
  Words fragments(int64_t step, Value first, int64_t fragment, int64_t half, Value inWarp, bool depthsTogether) {
    Value low = at.rem(inWarp, linesOfMatrix), second = at.rem(at.div(inWarp, linesOfMatrix), 2),
          fourth = at.div(inWarp, 2 * linesOfMatrix);
    Value line = at.add(low, at.mul(depthsTogether ? fourth : second, linesOfMatrix));
    Value c = at.add(depthsTogether ? second : fourth, half * depthOfFragment / chunk);
    Value place = at.add(at.mul(at.add(at.add(first, line), 2 * linesOfMatrix * fragment), bytesOfLine),
                         placeOfChunk(at, c, low));
    Words words;
    for (int64_t p = 0; p < parts; ++p)
      words.push_back(loadMatrices(b, addressOf(step, p, place), false));
    return words;
  }

private:
  struct Chunk {
    Value line, depth, place; // in memory; in the part
  };
  ImplicitLocOpBuilder &b;
  IndexMath at;
  FragmentOperand memory;
  Value stage;
  int64_t lines, begin, parts, perThread;
  SmallVector<Chunk> chunks;

  int64_t bytesOfPart() const { return lines * bytesOfLine; }

  Value addressOf(int64_t step, int64_t part, Value place) {
    Value offset = at.add(place, begin + (step * parts + part) * bytesOfPart());
    Value bytes = arith::IndexCastOp::create(b, b.getI64Type(), offset);
    return LLVM::GEPOp::create(b, stage.getType(), b.getI8Type(), stage, ArrayRef<LLVM::GEPArg>{bytes});
  }
};

class StagedProduct {
public:
  StagedProduct(ImplicitLocOpBuilder &b, tile::ProductOp op, int64_t threads, Value column, Value row)
      : b(b), at{b, b.getLoc()}, tile{op.getWarp()[0], op.getWarp()[1]}, depth(op.depth()), column(column), row(row),
        inWarp(at.rem(gpu::ThreadIdOp::create(b, gpu::Dimension::x), threadsOfWarp)),
        stage(sharedPointer(b, op.getStage())),
        matrix(b, op.getMatrix(), !op.getTransposed(), (*op.getBlock())[0], threads, stage, 0),
        rows(b, op.getRows(), false, (*op.getBlock())[1], threads, stage, matrix.bytes()) {}

  /// Two steps at a time, so that it is known where each lies. What they give is summed up on the tensor cores, which
  /// cut off, and then added with rounding to nearest.
  SmallVector<Value> sums() {
    int64_t steps = llvm::divideCeil(depth, tile::stageDepth), pairs = steps / 2;
    SmallVector<Value> zeros(4 * (tile.columns / fragment.columns) * (tile.rows / fragment.rows),
                             arith::ConstantOp::create(b, b.getF32FloatAttr(0)));
    store(load(at.of(0)), 0);
    auto loop = scf::ForOp::create(b, at.of(0), at.of(pairs), at.of(1), zeros);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value k = at.mul(loop.getInductionVar(), 2 * tile::stageDepth);
      SmallVector<Value> added = zeros;
      for (int64_t s : {0, 1})
        added = step(s, at.min(at.add(k, (s + 1) * tile::stageDepth), at.of((steps - 1) * tile::stageDepth)),
                     std::move(added));
      scf::YieldOp::create(b, plus(loop.getRegionIterArgs(), added));
    }
    SmallVector<Value> all(loop.getResults());
    return steps % 2 ? plus(all, multiplied(0, zeros)) : all;
  }

private:
  ImplicitLocOpBuilder &b;
  IndexMath at;
  tile::Piece tile;
  int64_t depth;
  Value column, row, inWarp, stage;
  StagedFactor matrix, rows;

  /// What a thread brings of a step.
  struct Step {
    StagedFactor::Words matrix, rows;
  };
  Step load(Value k) { return {matrix.load(k), rows.load(k)}; }

  /// Puts it at place `s` of the stage, for all threads to read.
  void store(const Step &step, int64_t s) {
    matrix.store(step.matrix, s);
    rows.store(step.rows, s);
    gpu::BarrierOp::create(b);
  }

  /// Multiplies place `s` of the stage while the step at depth `next` is loaded, which then fills the other place.
  SmallVector<Value> step(int64_t s, Value next, SmallVector<Value> sums) {
    Step loaded = load(next);
    sums = multiplied(s, std::move(sums));
    store(loaded, 1 - s);
    return sums;
  }

  SmallVector<Value> multiplied(int64_t s, SmallVector<Value> sums) {
    int64_t rowFragments = tile.rows / fragment.rows;
    for (int64_t half = 0; half < tile::stageDepth / depthOfFragment; ++half) {
      SmallVector<StagedFactor::Words> ofRows;
      for (int64_t j = 0; j < rowFragments; j += 2) {
        StagedFactor::Words both = rows.fragments(s, row, j / 2, half, inWarp, true);
        for (int64_t which : {0, 1}) {
          StagedFactor::Words one;
          for (ArrayRef<Value> part : both)
            one.emplace_back(part.slice(2 * which, 2));
          ofRows.push_back(one);
        }
      }
      for (int64_t i = 0; i < tile.columns / fragment.columns; ++i) {
        StagedFactor::Words ofColumns = matrix.fragments(s, column, i, half, inWarp, false);
        for (int64_t j = 0; j < rowFragments; ++j) {
          auto here = MutableArrayRef(sums).slice(4 * (i * rowFragments + j), 4);
          llvm::copy(multiplyParts(b, ofColumns, ofRows[j], llvm::to_vector(here)), here.begin());
        }
      }
    }
    return sums;
  }

  SmallVector<Value> plus(ValueRange all, ValueRange more) {
    SmallVector<Value> next;
    for (auto [x, y] : llvm::zip_equal(all, more))
      next.push_back(arith::AddFOp::create(b, x, y));
    return next;
  }
};
} // namespace

SmallVector<Value> stagedSums(ImplicitLocOpBuilder &b, tile::ProductOp op, int64_t threads, Value column, Value row) {
  return StagedProduct(b, op, threads, column, row).sums();
}
} // namespace strand
