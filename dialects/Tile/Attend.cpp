#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <cfloat>
#include <cmath>
using namespace mlir;
namespace strand::tile {
namespace {
constexpr int64_t threadsOfWarp = 32;
/// Of a lane, for queries and results: with as many for rows on their way, three blocks have room.
constexpr int64_t registersOfLane = 32;

/// The most lanes that can share rows of both sizes, four neighbouring values a load.
int64_t mostLanes(int64_t keySize, int64_t valueSize) {
  constexpr int64_t together = 4;
  if (keySize % together || valueSize % together)
    return 0;
  int64_t both = keySize / together | valueSize / together;
  return std::min(threadsOfWarp, both & -both);
}
} // namespace

int64_t AttendOp::mostQueries(int64_t keySize, int64_t valueSize) {
  constexpr int64_t mostRegisters = 128;
  return mostLanes(keySize, valueSize) * mostRegisters / (keySize + valueSize);
}

int64_t AttendOp::lanesOfRow(int64_t queries, int64_t keySize, int64_t valueSize) {
  // with few lanes little is passed between them, with many each holds little
  constexpr int64_t fewLanes = 8;
  int64_t most = mostLanes(keySize, valueSize), lanes = std::min(fewLanes, most);
  while (lanes < most && queries * (keySize + valueSize) / lanes > registersOfLane)
    lanes *= 2;
  return lanes;
}

bool AttendOp::takesTensorCores(int64_t queries, int64_t keySize, int64_t valueSize, bool narrow) {
  constexpr int64_t depth = 16, mostRows = 16; // of an instruction
  return narrow && queries > 1 && queries <= mostRows && keySize % depth == 0 && valueSize % depth == 0;
}

static bool isNarrow(AttendOp op) {
  return op.getRounded() && getElementTypeOrSelf(op.getKeys()).isBF16() &&
         getElementTypeOrSelf(op.getValues()).isBF16();
}

bool AttendOp::takesTensorCores() { return takesTensorCores(numQueries(), keySize(), valueSize(), isNarrow(*this)); }
int64_t AttendOp::blocksTogether() { return blocksTogether(numQueries(), keySize(), valueSize(), isNarrow(*this)); }

int64_t AttendOp::blocksTogether(int64_t queries, int64_t keySize, int64_t valueSize, bool narrow) {
  if (takesTensorCores(queries, keySize, valueSize, narrow))
    return 1;
  return queries * (keySize + valueSize) / lanesOfRow(queries, keySize, valueSize) <= registersOfLane ? 3 : 2;
}

LogicalResult AttendOp::verify() {
  auto shaped = [](Value v) { return cast<ShapedType>(v.getType()); };
  ShapedType q = shaped(getQueries()), k = shaped(getKeys()), v = shaped(getValues());
  if (ShapedType::isDynamic(q.getDimSize(1)) || q.getDimSize(1) != k.getDimSize(1) ||
      ShapedType::isDynamic(v.getDimSize(1)))
    return emitOpError("C1: queries and keys are of one size, which is known as that of values is; they are ")
           << q << ", " << k << " and " << v;
  SmallVector<SmallVector<int64_t>> shapes{{q.getDimSize(0), v.getDimSize(1)}, {q.getDimSize(0)}, {q.getDimSize(0)}};
  if (getInto().size() != shapes.size() || ShapedType::isDynamic(q.getDimSize(0)))
    return emitOpError("C2: there are three destinations and a known number of queries, not ")
           << getInto().size() << " and " << q;
  for (auto [into, shape] : llvm::zip(getInto(), shapes))
    if (shaped(into).getShape() != ArrayRef<int64_t>(shape))
      return emitOpError("C2: the destinations are result, most and sum; one is ") << into.getType();
  if (numQueries() > mostQueries(keySize(), valueSize()))
    return emitOpError("C3: lanes have no room for ")
           << numQueries() << " queries of " << keySize() << " keys and " << valueSize() << " values";
  if (!(getScale().convertToDouble() > 0))
    return emitOpError("C4: the scale is positive, not ") << getScale().convertToDouble();
  return verifyDestinations(*this);
}

/// A query for each thread, row after row.
void AttendOp::emitInMemory(OpBuilder &, EachThread eachThread) {
  Location loc = getLoc();
  eachThread(numQueries(), [&](OpBuilder &b, Value query) {
    Type f32 = b.getF32Type();
    auto number = [&](OpBuilder &b, double v) {
      return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(float(v))).getResult();
    };
    auto index = [&](OpBuilder &b, int64_t i) { return arith::ConstantIndexOp::create(b, loc, i).getResult(); };
    auto load = [&](OpBuilder &b, Value from, Value row, Value i) -> Value {
      Value v = memref::LoadOp::create(b, loc, from, ValueRange{row, i});
      return v.getType() == f32 ? v : arith::ExtFOp::create(b, loc, f32, v).getResult();
    };
    auto power = [&](OpBuilder &b, Value x, Value most) -> Value {
      Value scale = number(b, getScale().convertToDouble() * M_LOG2E);
      return math::Exp2Op::create(b, loc, arith::MulFOp::create(b, loc, arith::SubFOp::create(b, loc, x, most), scale),
                                  arith::FastMathFlags::afn);
    };
    Value first = index(b, 0), one = index(b, 1), result = getInto()[0];
    auto eachValue = [&](OpBuilder &b, llvm::function_ref<void(OpBuilder &, Value)> body) {
      scf::ForOp::create(b, loc, first, index(b, valueSize()), one, {},
                         [&](OpBuilder &b, Location loc, Value i, ValueRange) {
                           body(b, i);
                           scf::YieldOp::create(b, loc);
                         });
    };
    eachValue(
        b, [&](OpBuilder &b, Value i) { memref::StoreOp::create(b, loc, number(b, 0), result, ValueRange{query, i}); });
    Value rows = memref::DimOp::create(b, loc, getKeys(), first), begin[] = {number(b, -FLT_MAX), number(b, 0)};
    auto row = [&](OpBuilder &b, Location loc, Value s, ValueRange old) {
      auto dot = scf::ForOp::create(
          b, loc, first, index(b, keySize()), one, number(b, 0),
          [&](OpBuilder &b, Location loc, Value i, ValueRange sum) {
            Value term = arith::MulFOp::create(b, loc, load(b, getQueries(), query, i), load(b, getKeys(), s, i));
            scf::YieldOp::create(b, loc, arith::AddFOp::create(b, loc, sum[0], term).getResult());
          });
      Value score = dot.getResult(0), most = arith::MaxNumFOp::create(b, loc, old[0], score);
      Value factor = power(b, old[0], most), weight = power(b, score, most);
      eachValue(b, [&](OpBuilder &b, Value i) {
        Value before = memref::LoadOp::create(b, loc, result, ValueRange{query, i});
        Value kept = arith::MulFOp::create(b, loc, before, factor),
              more = arith::MulFOp::create(b, loc, weight, load(b, getValues(), s, i));
        memref::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, kept, more), result, ValueRange{query, i});
      });
      Value sum = arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, old[1], factor), weight);
      scf::YieldOp::create(b, loc, ValueRange{most, sum});
    };
    auto done = scf::ForOp::create(b, loc, first, rows, one, begin, row);
    memref::StoreOp::create(b, loc, done.getResult(0), getInto()[1], query);
    memref::StoreOp::create(b, loc, done.getResult(1), getInto()[2], query);
  });
}
} // namespace strand::tile
