#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
using namespace mlir;
namespace strand::tile {

LogicalResult DecayedScoresOp::verify() {
  if (getLefts().empty() || getRights().empty() || getGates().empty() || getGates().size() > 2)
    return emitOpError("C3: has a left and a right factor and 1 or 2 parts of gates, not ")
           << getLefts().size() << ", " << getRights().size() << " and " << getGates().size();
  auto gate = cast<ShapedType>(getGates()[0].getType());
  for (OperandRange operands : {getLefts(), getRights(), getGates()})
    for (Type type : operands.getTypes())
      if (cast<ShapedType>(type).getShape() != gate.getShape())
        return emitOpError("C1: all factors and gates are of one size; they are ") << type << " and " << gate;
  if (rows() <= 0 || channels() <= 0 || rows() % 16 || channels() % 16)
    return emitOpError("C1: rows and channels are multiples of 16; they are ") << rows() << " and " << channels();
  if (getInto().size() != getLefts().size() * getRights().size())
    return emitOpError("C2: has ") << getLefts().size() << " left and " << getRights().size() << " right factors and "
                                   << getInto().size() << " destinations";
  for (Type type : getInto().getTypes())
    if (cast<ShapedType>(type).getShape() != ArrayRef<int64_t>{rows(), rows()})
      return emitOpError("C2: scores are ") << rows() << " x " << rows() << ", not " << type;
  return verifyDestinations(*this);
}

/// A row of scores for each thread, channel after channel: from the row itself back to the first.
void DecayedScoresOp::emitInMemory(OpBuilder &, EachThread eachThread) {
  Location loc = getLoc();
  eachThread(rows(), [&](OpBuilder &b, Value row) {
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
    Value first = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1);
    auto end = [&](int64_t n) { return arith::ConstantIndexOp::create(b, loc, n); };
    auto load = [&](OpBuilder &b, Value from, Value r, Value i) -> Value {
      Value v = memref::LoadOp::create(b, loc, from, ValueRange{r, i});
      return arith::ExtFOp::create(b, loc, b.getF32Type(), v);
    };
    scf::ForOp::create(b, loc, first, end(rows()), one, {}, [&](OpBuilder &b, Location loc, Value s, ValueRange) {
      for (Value into : getInto())
        memref::StoreOp::create(b, loc, zero, into, ValueRange{row, s});
      scf::YieldOp::create(b, loc);
    });
    scf::ForOp::create(b, loc, first, end(channels()), one, {}, [&](OpBuilder &b, Location loc, Value i, ValueRange) {
      SmallVector<Value> lefts;
      for (Value left : getLefts())
        lefts.push_back(load(b, left, row, i));
      Value last =
          getExclusive() ? row : Value(arith::AddIOp::create(b, loc, row, one)); // rows until there have scores
      auto earlier = [&](OpBuilder &b, Location loc, Value back, ValueRange sum) {
        Value s = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, last, one), back);
        Value decay = math::ExpOp::create(b, loc, sum[0]);
        for (auto [n, right] : llvm::enumerate(getRights())) {
          Value weight = arith::MulFOp::create(b, loc, load(b, right, s, i), decay);
          for (auto [left, into] : llvm::zip_equal(lefts, getInto().slice(n * lefts.size(), lefts.size()))) {
            Value before = memref::LoadOp::create(b, loc, into, ValueRange{row, s});
            Value term = arith::MulFOp::create(b, loc, left, weight);
            memref::StoreOp::create(b, loc, arith::AddFOp::create(b, loc, before, term), into, ValueRange{row, s});
          }
        }
        Value next = sum[0];
        for (Value part : getGates())
          next = arith::AddFOp::create(b, loc, next, load(b, part, s, i));
        scf::YieldOp::create(b, loc, next);
      };
      scf::ForOp::create(b, loc, first, last, one, zero, earlier);
      scf::YieldOp::create(b, loc);
    });
  });
}
} // namespace strand::tile
