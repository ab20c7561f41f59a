#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
using namespace mlir;
namespace strand::tile {

LogicalResult InverseOp::verify() {
  auto lower = cast<ShapedType>(getLower().getType());
  for (Type type : getInto().getTypes())
    if (auto into = cast<ShapedType>(type);
        lower.getShape() != into.getShape() || into.getDimSize(0) != into.getDimSize(1))
      return emitOpError("C1: all matrices are square and of one size; they are ") << lower << " and " << into;
  if (size() != 16 && size() != 32 && size() != 64)
    return emitOpError("C2: the size is 16, 32 or 64; it is ") << size();
  if (getInto().empty() || getInto().size() > 3)
    return emitOpError("C3: there are 1 to 3 parts, not ") << getInto().size();
  return verifyDestinations(*this);
}

/// A column of the inverse for each thread, row after row.
void InverseOp::emitInMemory(OpBuilder &outside, EachThread eachThread) {
  Location loc = getLoc();
  Value exact = memref::AllocOp::create(outside, loc, MemRefType::get({size(), size()}, outside.getF32Type()));
  eachThread(size(), [&](OpBuilder &b, Value column) {
    Value zero = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0)),
          unit = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(1));
    Value first = arith::ConstantIndexOp::create(b, loc, 0), one = arith::ConstantIndexOp::create(b, loc, 1),
          end = arith::ConstantIndexOp::create(b, loc, size());
    auto element = [&](OpBuilder &b, Location loc, Value row, ValueRange sum, Value l) -> Value {
      Value n = memref::LoadOp::create(b, loc, getLower(), ValueRange{row, l}),
            x = memref::LoadOp::create(b, loc, exact, ValueRange{l, column});
      return arith::SubFOp::create(b, loc, sum[0], arith::MulFOp::create(b, loc, n, x));
    };
    scf::ForOp::create(b, loc, first, end, one, {}, [&](OpBuilder &b, Location loc, Value row, ValueRange) {
      Value isOne = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, row, column);
      Value start = arith::SelectOp::create(b, loc, isOne, unit, zero);
      auto sums =
          scf::ForOp::create(b, loc, first, row, one, start, [&](OpBuilder &b, Location loc, Value l, ValueRange sum) {
            scf::YieldOp::create(b, loc, element(b, loc, row, sum, l));
          });
      memref::StoreOp::create(b, loc, sums.getResult(0), exact, ValueRange{row, column});
      Value rest = sums.getResult(0);
      for (Value into : getInto()) {
        Value rounded = arith::TruncFOp::create(b, loc, b.getBF16Type(), rest);
        memref::StoreOp::create(b, loc, rounded, into, ValueRange{row, column});
        rest = arith::SubFOp::create(b, loc, rest, arith::ExtFOp::create(b, loc, b.getF32Type(), rounded));
      }
      scf::YieldOp::create(b, loc);
    });
  });
}
} // namespace strand::tile
