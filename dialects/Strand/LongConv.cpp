// strand.long_conv: what it is.
//
// A tile works on its rows with those before them in front of them, its window. It is a sum over taps, or:
//
// Spectra. The filter is cut into parts of M taps. A circular convolution of n = M + H rows with a part is right in its
// last H rows. A tile is two halves of H rows; for each part they are the ends of n rows of the window. As x and the
// filter are real, both halves go through one transform, the later one as imaginary part, and the filter leaves them
// apart. The products of all parts are added before the one transform back.
#include "dialects/Strand/Fourier.h"
#include "dialects/Strand/History.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;
namespace {

/// From so many taps on tiles are products of spectra: of 512 taps they take 4/5 of the time of sums, of 2048 half.
constexpr int64_t leastSpectralTaps = 512;
/// M and H, whose sum has to be a power of four: four tensors of M + H rows and a vector of channels fit into the
/// second cache.
constexpr int64_t tapsOfPart = 512, rowsOfHalf = 512;
/// Where the tail and a window of one vector of channels still fit into a task's stack.
constexpr int64_t mostTaps = 1 << 12;
/// The stack of a task, which all its temporaries have to fit into.
constexpr int64_t mostBytes = 1 << 20;
/// Rows of a tile that is a sum over taps: each load of a tap is used for so many.
constexpr int64_t rowsOfSum = 64, rowsOfShortSum = 8;
/// Taps that a pass over the window takes at once: its rows are loaded once for them.
constexpr int64_t tapsAtOnce = 4;

int64_t partsOf(LongConvOp op) { return llvm::divideCeil(op.getTaps(), tapsOfPart); }

/// Bytes that a channel of a block takes: the tail and a window.
int64_t bytesOfSum(LongConvOp op) {
  return (2 * op.getTaps() + rowsOfSum) * rowsType(op.getX()).getElementTypeBitWidth() / 8;
}
/// The same, and the sum of spectra, two spectra before and behind a pass, and what pads the filter.
int64_t bytesOfSpectra(LongConvOp op) {
  int64_t rows = op.getTaps() + partsOf(op) * tapsOfPart + 2 * rowsOfHalf + 11 * (tapsOfPart + rowsOfHalf);
  return (rows - 1) * rowsType(op.getX()).getElementTypeBitWidth() / 8;
}

/// Whether tiles of so many rows are products of spectra.
bool isSpectral(LongConvOp op, int64_t rows, const ChunkOptions &options) {
  int64_t channels = std::min(options.vectorWidth, op.getChannels());
  return rows == 2 * rowsOfHalf && !options.tileLength && !options.singleRow && op.getTaps() >= leastSpectralTaps &&
         channels * bytesOfSpectra(op) <= mostBytes;
}

/// y[t, d] += sum of the taps [from, from + count) on window [L - 1 + rows of y, d], `together` of them in each step.
Value addTaps(OpBuilder &b, LongConvOp op, Value window, Value filter, int64_t from, int64_t count, int64_t together,
              Value y) {
  Location loc = op.getLoc();
  if (!count)
    return y;
  int64_t size = rowsType(y).getDimSize(1), steps = count / together;
  Type e = rowsType(y).getElementType();
  Value taps = slice(b, loc, filter, {b.getIndexAttr(from), b.getIndexAttr(0)}, {count, size});
  auto grouped = RankedTensorType::get({steps, together, size}, rowsType(filter).getElementType());
  taps = tensor::ExpandShapeOp::create(b, loc, grouped, taps, SmallVector<ReassociationIndices>{{0, 1}, {2}});
  AffineExpr t = b.getAffineDimExpr(0), d = b.getAffineDimExpr(1), j = b.getAffineDimExpr(2);
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (int64_t i = 0; i < together; ++i) {
    ins.push_back(window);
    maps.push_back(AffineMap::get(3, 0, {t - j * together + (op.getTaps() - 1 - from - i), d}, b.getContext()));
  }
  for (int64_t i = 0; i < together; ++i) {
    ins.push_back(
        slice(b, loc, taps, {b.getIndexAttr(0), b.getIndexAttr(i), b.getIndexAttr(0)}, {steps, 1, size}, {1}));
    maps.push_back(dimsMap(b.getContext(), "tdj", "jd"));
  }
  maps.push_back(dimsMap(b.getContext(), "tdj", "td"));
  return generic(b, loc, ins, y, maps, "ppr", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
    Value sum = v.back();
    for (int64_t i = 0; i < together; ++i) {
      Value product = arith::MulFOp::create(b, loc, v[i], castFloat(b, loc, v[together + i], e));
      sum = arith::AddFOp::create(b, loc, sum, product);
    }
    return {sum};
  })[0];
}

/// {y, tail} as sums over taps; `filter` and `x` are a block of channels. No tail for one tap.
SmallVector<Value> emitSums(OpBuilder &b, LongConvOp op, Value x, Value filter, Value y, ValueRange tail) {
  Location loc = op.getLoc();
  Value window = tail.empty() ? x : joinHistory(b, loc, tail[0], x);
  y = filledInto(b, loc, floatConstant(b, loc, rowsType(y).getElementType(), 0), y);
  int64_t whole = op.getTaps() / tapsAtOnce * tapsAtOnce;
  y = addTaps(b, op, window, filter, 0, whole, tapsAtOnce, y);
  y = addTaps(b, op, window, filter, whole, op.getTaps() - whole, 1, y);
  if (tail.empty())
    return {y};
  return {y, keepHistory(b, loc, window, tail[0])};
}

/// x in a tensor of `rows` rows, the others 0: those before it or, for a filter, those behind it.
Value padded(OpBuilder &b, Location loc, Value x, int64_t rows, bool before) {
  int64_t count = rowsType(x).getDimSize(0), size = rowsType(x).getDimSize(1);
  if (count == rows)
    return x;
  Value out = filled(b, loc, {rows, size}, floatConstant(b, loc, rowsType(x).getElementType(), 0));
  return unslice(b, loc, x, out, {b.getIndexAttr(before ? rows - count : 0), b.getIndexAttr(0)}, {count, size});
}

Value widened(OpBuilder &b, Location loc, Value x, Type e) {
  if (rowsType(x).getElementType() == e)
    return x;
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(2));
  return generic(
      b, loc, x, emptyTensor(b, loc, rowsType(x).getShape(), e), maps, "pp",
      [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> { return {castFloat(b, loc, v[0], e)}; })[0];
}

/// The spectrum of part of the filter times that of the n rows of the window from `start` on, and of those H rows
/// later.
Spectrum addPart(OpBuilder &b, Location loc, Value window, Value start, Value taps, Spectrum sum) {
  int64_t n = tapsOfPart + rowsOfHalf, size = rowsType(window).getDimSize(1);
  Type e = rowsType(window).getElementType();
  auto rows = [&](Value from) { return slice(b, loc, window, {OpFoldResult(from), b.getIndexAttr(0)}, {n, size}); };
  Value later = arith::AddIOp::create(b, loc, start, indexConstant(b, loc, rowsOfHalf));
  Spectrum h{padded(b, loc, widened(b, loc, taps, e), n, /*before=*/false),
             filled(b, loc, {n, size}, floatConstant(b, loc, e, 0))};
  Spectrum z{rows(start), rows(later)};
  return addProduct(b, loc, fourierTransform(b, loc, z, false), fourierTransform(b, loc, h, false), sum);
}

/// {y, tail} of a tile by spectra. Part p of the filter, of P, has its n rows (P - 1 - p) M rows behind the window's
/// beginning.
SmallVector<Value> emitSpectra(OpBuilder &b, LongConvOp op, Value x, Value filter, Value y, Value tail) {
  Location loc = op.getLoc();
  int64_t n = tapsOfPart + rowsOfHalf, size = rowsType(x).getDimSize(1), whole = op.getTaps() / tapsOfPart,
          rest = op.getTaps() % tapsOfPart, parts = partsOf(op);
  Type e = rowsType(x).getElementType();
  Value window = joinHistory(b, loc, padded(b, loc, tail, parts * tapsOfPart, /*before=*/true), x);
  auto zeros = [&] { return filled(b, loc, {n, size}, floatConstant(b, loc, e, 0)); };
  Spectrum sum{zeros(), zeros()};
  auto tapsFrom = [&](OpBuilder &b, OpFoldResult from, int64_t count) {
    return slice(b, loc, filter, {from, b.getIndexAttr(0)}, {count, size});
  };
  auto each = [&](OpBuilder &b, Location loc, Value p, ValueRange sums) {
    Value m = indexConstant(b, loc, tapsOfPart), last = indexConstant(b, loc, parts - 1);
    Value from = arith::MulIOp::create(b, loc, p, m);
    Value start = arith::MulIOp::create(b, loc, arith::SubIOp::create(b, loc, last, p), m);
    Spectrum next = addPart(b, loc, window, start, tapsFrom(b, from, tapsOfPart), {sums[0], sums[1]});
    scf::YieldOp::create(b, loc, ValueRange{next.re, next.im});
  };
  auto loop = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), indexConstant(b, loc, whole),
                                 indexConstant(b, loc, 1), ValueRange{sum.re, sum.im}, each);
  sum = {loop.getResult(0), loop.getResult(1)};
  if (rest)
    sum = addPart(b, loc, window, indexConstant(b, loc, 0), tapsFrom(b, b.getIndexAttr(whole * tapsOfPart), rest), sum);
  Spectrum z = fourierTransform(b, loc, sum, /*inverse=*/true);
  int64_t at = 0;
  for (Value part : {z.re, z.im}) {
    auto rows = [&](Value x, int64_t from) {
      return slice(b, loc, x, {b.getIndexAttr(from), b.getIndexAttr(0)}, {rowsOfHalf, size});
    };
    SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(2));
    Value scaled = generic(b, loc, rows(part, tapsOfPart), rows(y, at), maps, "pp",
                           [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                             return {arith::MulFOp::create(b, loc, v[0], floatConstant(b, loc, e, 1.0 / n))};
                           })[0];
    y = unslice(b, loc, scaled, y, {b.getIndexAttr(at), b.getIndexAttr(0)}, {rowsOfHalf, size});
    at += rowsOfHalf;
  }
  return {y, keepHistory(b, loc, window, tail)};
}

/// Channels of a block: one vector of a long filter, so that a window stays in the second cache; for single rows
/// several, as sums over taps are chains. Fewer where the temporaries of a task would not fit.
int64_t blockSize(LongConvOp op, const ChunkOptions &options) {
  int64_t unit = options.vectorWidth, channels = op.getChannels();
  int64_t size =
      options.singleRow ? blockOf(channels, 8 * unit, unit) : historyBlock(channels, 1, op.getTaps() - 1, options);
  int64_t bytes = isSpectral(op, 2 * rowsOfHalf, options) ? bytesOfSpectra(op) : bytesOfSum(op);
  while (size > 1 && size * bytes > mostBytes)
    size = blockOf(channels, size / 2, std::min(unit, size / 2));
  return size;
}
} // namespace

LogicalResult LongConvOp::verify() {
  RankedTensorType x = getX().getType(), filter = getFilter().getType();
  if (x != getY().getType() || x.getRank() != 2 || x.isDynamicDim(1) || x.getDimSize(1) < 1)
    return emitOpError("C1: x and the result must have one type, rows x D with D static and not 0, not ")
           << x << " and " << getY().getType();
  if (filter.getRank() != 2 || !filter.hasStaticShape() || filter.getDimSize(0) < 1 ||
      filter.getDimSize(1) != getChannels() || filter.getElementTypeBitWidth() > x.getElementTypeBitWidth())
    return emitOpError("C2: the filter must be taps x ")
           << getChannels() << " of a type no wider than " << x.getElementType() << ", not " << filter;
  if (getTaps() > mostTaps)
    return emitOpError("C2: the filter has ") << getTaps() << " taps, of which there may be " << mostTaps;
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> LongConvOp::getStateSpecs() {
  if (getTaps() == 1)
    return {};
  Type e = getX().getType().getElementType();
  return {{"tail", {getTaps() - 1, getChannels()}, e, FloatAttr::get(e, 0)}};
}

FailureOr<SmallVector<Value>> LongConvOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value out = emptyRows(b, loc, getX(), itemShape(getX()), rowsType(getX()).getElementType());
  return walkSingleRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange rows, ValueRange carries) {
    Value x = slice(b, loc, getX(), {t, b.getIndexAttr(0)}, {1, getChannels()});
    return emitSums(b, *this, x, getFilter(), rows[0], carries);
  });
}

int64_t LongConvOp::getBlocks(const ChunkOptions &options) { return getChannels() / blockSize(*this, options); }

SmallVector<int64_t> LongConvOp::getTileLengths(const ChunkOptions &options) {
  if (options.tileLength > 1)
    return {options.tileLength, 1};
  if (options.tileLength == 1 || options.singleRow)
    return {1};
  SmallVector<int64_t> tiles{rowsOfSum, rowsOfShortSum, 1};
  if (isSpectral(*this, 2 * rowsOfHalf, options))
    tiles.insert(tiles.begin(), 2 * rowsOfHalf);
  return tiles;
}

Slice LongConvOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), {getTaps() - 1, getChannels()}, block, blockSize(*this, options));
}
Slice LongConvOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), {getChannels()}, block, blockSize(*this, options));
}

SmallVector<Value> LongConvOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                        ValueRange states, const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  OpFoldResult start = startOf(b, getLoc(), block, size);
  Value x = slice(b, getLoc(), getX(), {OpFoldResult(row), start}, {length, size});
  Value filter = slice(b, getLoc(), getFilter(), {b.getIndexAttr(0), start}, {getTaps(), size});
  if (isSpectral(*this, length, options))
    return emitSpectra(b, *this, x, filter, results[0], states[0]);
  return emitSums(b, *this, x, filter, results[0], states);
}
