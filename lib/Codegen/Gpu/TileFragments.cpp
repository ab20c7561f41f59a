#include "lib/Codegen/Gpu/TileFragments.h"
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t linesOfFragment16 = fragment.columns, valuesOfChunk = 8, bytesOfChunk = 16, rowsOfMatrix = 8;
} // namespace

Value strand::pinned(ImplicitLocOpBuilder &b, Value word) {
  StringRef same = word.getType().isF32() ? "=f,0" : "=r,0";
  return LLVM::InlineAsmOp::create(b, TypeRange(word.getType()), word, "", same, /*has_side_effects=*/true,
                                   /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
                                   LLVM::AsmDialectAttr(), ArrayAttr())
      .getResult(0);
}

TileThread::TileThread(ImplicitLocOpBuilder &b, Value t, int64_t warps) : warps(warps), builder(&b) {
  thread = t.getType().isIndex() ? b.createOrFold<arith::IndexCastOp>(b.getI32Type(), t) : t;
  lane = at().rem(thread, threadsOfWarp);
  // the same for all threads of a warp, which the compiler cannot see
  warp = at().div(thread, threadsOfWarp);
  lineInFragment = at().div(lane, 4);
  pairColumn = at().mul(at().rem(lane, 4), 2);
}

TileThread TileThread::again() const {
  ImplicitLocOpBuilder &b = *builder;
  auto number = LLVM::InlineAsmOp::create(b, TypeRange(b.getI32Type()), ValueRange(), threadText, "=r",
                                          /*has_side_effects=*/true, /*is_align_stack=*/false,
                                          LLVM::tailcallkind::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
  return TileThread(b, number.getResult(0), warps);
}

Value TileThread::fragmentBegin(int64_t lines, int64_t f) {
  int64_t fragments = lines / linesOfFragment16;
  // the fragments that warps have at the same time are neighbours, as a warpgroup has them
  Value first = fragments >= warps ? at().add(warp, f * warps) : at().add(at().rem(warp, fragments), f);
  return at().mul(first, linesOfFragment16);
}

Value TileThread::line(int64_t lines, int64_t f, int64_t half) {
  return at().add(at().add(fragmentBegin(lines, f), half * rowsOfMatrix), lineInFragment);
}

Value TileThread::column(int64_t n) { return at().add(pairColumn, n * fragment.rows); }

Value TileThread::isFirstHolder(int64_t lines) {
  ImplicitLocOpBuilder &b = *builder;
  int64_t fragments = lines / linesOfFragment16;
  if (fragments >= warps)
    return {};
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ult, warp, number(fragments));
}

Value TileThread::behind(Value pointer, Value offset) {
  ImplicitLocOpBuilder &b = *builder;
  return LLVM::GEPOp::create(b, pointer.getType(), b.getI8Type(), pointer, ArrayRef<LLVM::GEPArg>{offset});
}

Value TileThread::chunkAddress(const Plane &plane, Value row, Value chunk, int64_t below) {
  int64_t chunks = plane.columnsOfPanel() / valuesOfChunk;
  bool single = plane.columns == plane.columnsOfPanel();
  // rows that lie in one line of all banks have the same turn
  Value turn = at().rem(at().div(row, 8 / chunks), chunks), inPanel = single ? chunk : at().rem(chunk, chunks);
  Value place = at().add(at().mul(row, chunks), at().turn(inPanel, turn));
  Value address = behind(plane.pointer, at().mul(place, bytesOfChunk));
  if (!single)
    address = behind(address, at().mul(at().div(chunk, chunks), plane.bytesOfPanel()));
  return below ? behind(address, number(below * plane.bytesOfRow())) : address;
}

SmallVector<Value> TileThread::matrices(const Plane &plane, Value row, Value chunk, bool turned, int64_t below) {
  return loadMatrices(*builder, chunkAddress(plane, row, chunk, below), turned);
}

// Of the first factor the matrices are its upper and lower lines at the first 8 depths, then these at the others.
SmallVector<Value> TileThread::firstFactor(const Plane &plane, bool turned, Value firstLine, int64_t k) {
  Value low = at().rem(lane, 8), second = at().rem(at().div(lane, 8), 2), fourth = at().div(lane, 16);
  if (!turned)
    return matrices(plane, at().add(firstLine, at().rem(lane, 16)), at().add(fourth, 2 * k), false);
  Value row = at().add(at().mul(fourth, 8), low), chunk = at().add(at().div(firstLine, valuesOfChunk), second);
  return matrices(plane, row, chunk, true, 16 * k);
}

// Of the second, the two halves of the depth of the first 8 columns, then of the others.
SmallVector<Value> TileThread::secondFactor(const Plane &plane, bool turned, int64_t n, int64_t k) {
  Value low = at().rem(lane, 8), second = at().rem(at().div(lane, 8), 2), fourth = at().div(lane, 16);
  if (!turned) {
    Value row = at().add(at().mul(fourth, 8), low);
    return matrices(plane, row, at().add(second, 2 * k), false, 16 * n);
  }
  return matrices(plane, at().rem(lane, 16), at().add(fourth, 2 * n), true, 16 * k);
}

Value strand::wordOf(ImplicitLocOpBuilder &b, Value low, Value high) {
  Value pair = vector::FromElementsOp::create(b, VectorType::get(2, low.getType()), ValueRange{low, high});
  if (low.getType().isF32())
    pair = arith::TruncFOp::create(b, VectorType::get(2, b.getBF16Type()), pair);
  return vector::ExtractOp::create(b, vector::BitCastOp::create(b, VectorType::get(1, b.getI32Type()), pair), 0);
}

SmallVector<Value> TileThread::wordsInParts(Value low, Value high, int64_t count) {
  ImplicitLocOpBuilder &b = *builder;
  auto rest = [&](Value v, Value kept) -> Value {
    return arith::SubFOp::create(b, v, arith::ExtFOp::create(b, v.getType(), kept));
  };
  SmallVector<Value> words{word(low, high)};
  while (int64_t(words.size()) < count) {
    auto [keptLow, keptHigh] = halves(words.back());
    low = rest(low, keptLow);
    high = rest(high, keptHigh);
    words.push_back(word(low, high));
  }
  return words;
}

Value WordsInParts::of(TileThread &at, const PairInParts &pair) {
  SmallVector<Value> &words = known[pair.values];
  if (words.empty())
    words = at.wordsInParts(at.pinnedHere(pair.values.first), at.pinnedHere(pair.values.second), pair.count);
  return words[pair.number];
}

std::pair<Value, Value> TileThread::halves(Value word) {
  ImplicitLocOpBuilder &b = *builder;
  Value one = vector::FromElementsOp::create(b, VectorType::get(1, b.getI32Type()), word);
  Value pair = vector::BitCastOp::create(b, VectorType::get(2, b.getBF16Type()), one);
  return {vector::ExtractOp::create(b, pair, 0), vector::ExtractOp::create(b, pair, 1)};
}

Value strand::valueOfLane(ImplicitLocOpBuilder &b, Value v, int64_t mask) {
  IndexMath at{b, b.getLoc(), b.getI32Type()};
  Value all = at.of(-1), clamp = at.of(threadsOfWarp - 1);
  return NVVM::ShflOp::create(b, v.getType(), all, v, at.of(mask), clamp, NVVM::ShflKind::bfly, UnitAttr());
}

void TileThread::barrier() { gpu::BarrierOp::create(*builder); }
