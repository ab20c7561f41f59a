#include "lib/Codegen/Gpu/StagedSums.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
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
constexpr unsigned sharedSpace = 3;

/// Index arithmetic at the builder's place.
struct Indices {
  ImplicitLocOpBuilder &b;
  Value of(int64_t v) const { return arith::ConstantIndexOp::create(b, v); }
  Value plus(Value v, Value w) const { return b.createOrFold<arith::AddIOp>(v, w); }
  Value plus(Value v, int64_t n) const { return n ? plus(v, of(n)) : v; }
  Value times(Value v, int64_t n) const { return b.createOrFold<arith::MulIOp>(v, of(n)); }
  Value over(Value v, int64_t n) const { return b.createOrFold<arith::DivUIOp>(v, of(n)); }
  Value rest(Value v, int64_t n) const { return b.createOrFold<arith::RemUIOp>(v, of(n)); }
  Value least(Value v, Value w) const { return b.createOrFold<arith::MinUIOp>(v, w); }
  Value turned(Value v, Value w) const { return b.createOrFold<arith::XOrIOp>(v, w); }
};

/// Where chunk `c` of a line lies in it; `line` modulo 8.
Value placeOfChunk(Indices at, Value c, Value line) { return at.times(at.turned(c, at.over(line, 2)), bytesOfChunk); }

/// One factor of the product on its way through the stage.
class StagedFactor {
public:
  /// `lines` of the block; its part of a step begins `begin` bytes behind the step's.
  StagedFactor(ImplicitLocOpBuilder &b, Value buffer, bool depthFirst, int64_t lines, int64_t threads, int64_t begin)
      : b(b), at{b}, memory(buffer, depthFirst, chunk), lines(lines), begin(begin),
        parts(tile::numParts(cast<MemRefType>(buffer.getType()).getElementType())),
        perThread(llvm::divideCeil(lines * chunksOfLine, threads)) {
    Value thread = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    Value last = at.b.createOrFold<arith::SubIOp>(memory.lines(b), at.of(1));
    for (int64_t i = 0; i < perThread; ++i) {
      // threads beyond the last chunk do what the one of that does
      Value number = at.least(at.plus(thread, i * threads), at.of(lines * chunksOfLine - 1));
      // neighbouring threads read neighbouring memory
      Value line = depthFirst ? at.rest(number, lines) : at.over(number, chunksOfLine);
      Value c = depthFirst ? at.over(number, lines) : at.rest(number, chunksOfLine);
      chunks.push_back({at.least(line, last), at.times(c, chunk),
                        at.plus(at.times(line, bytesOfLine), placeOfChunk(at, c, at.rest(line, linesOfMatrix)))});
    }
  }

  int64_t bytes() const { return parts * lines * bytesOfLine; }

  using Words = SmallVector<SmallVector<Value>>;
  /// What the thread brings of the step from depth `k` on; zeros beyond the depth.
  Words load(Value k) {
    Words words;
    for (const Chunk &c : chunks)
      words.push_back(memory.depth() % tile::stageDepth ? memory.loadLast(b, c.line, at.plus(k, c.depth))
                                                        : memory.load(b, c.line, at.plus(k, c.depth)));
    return words;
  }

  void store(const Words &words, Value stage, int64_t step) {
    for (auto [c, ofChunk] : llvm::zip(chunks, words))
      for (auto [p, part] : llvm::enumerate(memory.parts(b, ofChunk))) {
        Value whole = vector::FromElementsOp::create(b, VectorType::get(part.size(), b.getI32Type()), part);
        LLVM::StoreOp::create(b, whole, addressOf(stage, step, p, c.place), bytesOfChunk);
      }
  }

  /// Of 16 lines from `first` on and the half `half` of a step: for each part four words. `depthsTogether`: words 0 and
  /// 1 are two halves of the depth of the first 8 lines, as rows have them, else those 8 lines and the other 8.
  Words fragments(Value stage, int64_t step, Value first, int64_t fragment, int64_t half, Value inWarp,
                  bool depthsTogether) {
    Value low = at.rest(inWarp, linesOfMatrix), second = at.rest(at.over(inWarp, linesOfMatrix), 2),
          fourth = at.over(inWarp, 2 * linesOfMatrix);
    Value line = at.plus(low, at.times(depthsTogether ? fourth : second, linesOfMatrix));
    Value c = at.plus(depthsTogether ? second : fourth, half * depthOfFragment / chunk);
    Value place = at.plus(at.times(at.plus(at.plus(first, line), 2 * linesOfMatrix * fragment), bytesOfLine),
                          placeOfChunk(at, c, low));
    Words words;
    for (int64_t p = 0; p < parts; ++p)
      words.push_back(loadMatrices(addressOf(stage, step, p, place)));
    return words;
  }

  int64_t stepBytes = 0; // of all factors

private:
  struct Chunk {
    Value line, depth, place; // in memory; in the part
  };
  ImplicitLocOpBuilder &b;
  Indices at;
  FragmentOperand memory;
  int64_t lines, begin, parts, perThread;
  SmallVector<Chunk> chunks;

  Value addressOf(Value stage, int64_t step, int64_t part, Value place) {
    Value offset = at.plus(place, step * stepBytes + begin + part * lines * bytesOfLine);
    Value bytes = arith::IndexCastOp::create(b, b.getI64Type(), offset);
    return LLVM::GEPOp::create(b, stage.getType(), b.getI8Type(), stage, ArrayRef<LLVM::GEPArg>{bytes});
  }

  SmallVector<Value> loadMatrices(Value address) {
    constexpr int64_t count = 4;
    Type i32 = b.getI32Type();
    auto all = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(count, i32));
    auto shape = NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8);
    Value loaded =
        NVVM::LdMatrixOp::create(b, all, address, count, NVVM::MMALayout::row, shape, NVVM::LdStMatrixEltType::B16);
    SmallVector<Value> words;
    for (int64_t i = 0; i < count; ++i)
      words.push_back(LLVM::ExtractValueOp::create(b, i32, loaded, i));
    return words;
  }
};

class StagedProduct {
public:
  StagedProduct(ImplicitLocOpBuilder &b, tile::ProductOp op, int64_t threads, Value column, Value row)
      : b(b), at{b}, tile{op.getWarp()[0], op.getWarp()[1]}, depth(op.depth()), column(column), row(row),
        matrix(b, op.getMatrix(), !op.getTransposed(), (*op.getBlock())[0], threads, 0),
        rows(b, op.getRows(), false, (*op.getBlock())[1], threads, matrix.bytes()) {
    matrix.stepBytes = rows.stepBytes = matrix.bytes() + rows.bytes();
    Value bytes = memref::ExtractAlignedPointerAsIndexOp::create(b, op.getStage());
    Value address = arith::IndexCastOp::create(b, b.getI64Type(), bytes);
    Value anywhere = LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), address);
    stage = LLVM::AddrSpaceCastOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), sharedSpace), anywhere);
    inWarp = at.rest(gpu::ThreadIdOp::create(b, gpu::Dimension::x), threadsOfWarp);
  }

  /// Two steps at a time, so that it is known where each lies. What they give is summed up on the tensor cores, which
  /// cut off, and then added with rounding to nearest.
  SmallVector<Value> sums() {
    int64_t steps = llvm::divideCeil(depth, tile::stageDepth), pairs = steps / 2;
    SmallVector<Value> zeros(4 * (tile.columns / fragment.columns) * (tile.rows / fragment.rows),
                             arith::ConstantOp::create(b, b.getF32FloatAttr(0)));
    fill(at.of(0), 0);
    auto loop = scf::ForOp::create(b, at.of(0), at.of(pairs), at.of(1), zeros);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value k = at.times(loop.getInductionVar(), 2 * tile::stageDepth);
      SmallVector<Value> added = zeros;
      for (int64_t s : {0, 1})
        added = step(s, at.least(at.plus(k, (s + 1) * tile::stageDepth), at.of((steps - 1) * tile::stageDepth)),
                     std::move(added));
      scf::YieldOp::create(b, plus(loop.getRegionIterArgs(), added));
    }
    SmallVector<Value> all(loop.getResults());
    return steps % 2 ? plus(all, multiplied(0, zeros)) : all;
  }

private:
  ImplicitLocOpBuilder &b;
  Indices at;
  tile::Piece tile;
  int64_t depth;
  Value column, row, stage, inWarp;
  StagedFactor matrix, rows;

  /// Brings the step at depth `k` to place `s` of the stage, when all threads have read what was there.
  void fill(Value k, int64_t s) {
    StagedFactor::Words ofMatrix = matrix.load(k), ofRows = rows.load(k);
    matrix.store(ofMatrix, stage, s);
    rows.store(ofRows, stage, s);
    gpu::BarrierOp::create(b);
  }

  /// Multiplies place `s` of the stage while the step at depth `next` is loaded, which then fills the other place.
  SmallVector<Value> step(int64_t s, Value next, SmallVector<Value> sums) {
    StagedFactor::Words ofMatrix = matrix.load(next), ofRows = rows.load(next);
    sums = multiplied(s, std::move(sums));
    matrix.store(ofMatrix, stage, 1 - s);
    rows.store(ofRows, stage, 1 - s);
    gpu::BarrierOp::create(b);
    return sums;
  }

  SmallVector<Value> multiplied(int64_t s, SmallVector<Value> sums) {
    int64_t rowFragments = tile.rows / fragment.rows;
    for (int64_t half = 0; half < tile::stageDepth / depthOfFragment; ++half) {
      SmallVector<StagedFactor::Words> ofRows;
      for (int64_t j = 0; j < rowFragments; j += 2) {
        StagedFactor::Words both = rows.fragments(stage, s, row, j / 2, half, inWarp, true);
        for (int64_t which : {0, 1}) {
          StagedFactor::Words one;
          for (ArrayRef<Value> part : both)
            one.emplace_back(part.slice(2 * which, 2));
          ofRows.push_back(one);
        }
      }
      for (int64_t i = 0; i < tile.columns / fragment.columns; ++i) {
        StagedFactor::Words ofColumns = matrix.fragments(stage, s, column, i, half, inWarp, false);
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
