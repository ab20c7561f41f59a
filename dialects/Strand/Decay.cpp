#include "dialects/Strand/Decay.h"
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

/// Row after row: sums[s] = gate[s+1] + ... + gate[r]. Every addend has one sign, so the sum keeps its digits.
DecayWeights strand::decayWeights(OpBuilder &b, Location loc, Value gate, int64_t length, Type element) {
  Value zero = floatConstant(b, loc, element, 0);
  Value products = emptyTensor(b, loc, {length, length}, element), fromStart = emptyTensor(b, loc, {length}, element);
  Value sums = filled(b, loc, {length}, zero);
  Value lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, length), one = indexConstant(b, loc, 1);
  bool perRow = gate && isa<RankedTensorType>(gate.getType());
  auto row = [&](OpBuilder &b, Location loc, Value r, ValueRange x) {
    Value g = perRow ? Value(tensor::ExtractOp::create(b, loc, gate, r)) : gate ? gate : zero;
    Value all = arith::AddFOp::create(b, loc, x[3], g);
    AffineMap map = dimsMap(b.getContext(), "s", "s");
    auto body = [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
      Value s = linalg::IndexOp::create(b, loc, 0);
      Value earlier = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, s, r);
      Value sum = arith::SelectOp::create(b, loc, earlier, arith::AddFOp::create(b, loc, v[0], g), zero);
      Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, s, r);
      return {sum, arith::SelectOp::create(b, loc, seen, math::ExpOp::create(b, loc, sum), zero)};
    };
    SmallVector<Value> next = generic(b, loc, {}, {x[2], takeRow(b, loc, x[0], r)}, {map, map}, "p", body);
    Value put = putRow(b, loc, next[1], x[0], r);
    Value from = tensor::InsertOp::create(b, loc, math::ExpOp::create(b, loc, all), x[1], r);
    scf::YieldOp::create(b, loc, ValueRange{put, from, next[0], all});
  };
  auto loop = scf::ForOp::create(b, loc, lo, hi, one, ValueRange{products, fromStart, sums, zero}, row);
  return {loop.getResult(0), loop.getResult(1), math::ExpOp::create(b, loc, loop.getResult(3))};
}

/// A logarithm of a decay that is not infinite: sums, products with 0 and differences of it are numbers, and of it and
/// of all below only 0 is left in f32.
static Value finite(OpBuilder &b, Location loc, Value log) {
  Value least = floatConstant(b, loc, log.getType(), -1024);
  Value isBelow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, log, least);
  return arith::SelectOp::create(b, loc, isBelow, least, log);
}

/// What sums of a gate are made of: the gate, or, `exact`, two numbers that add up to it. Sums of the first, a multiple
/// of 2^-7, are exact in f32 up to 2^16; the other is at most 2^-8.
static SmallVector<Value> addendsOf(OpBuilder &b, Location loc, Value gate, bool exact) {
  constexpr double toMultiples = 3 << 15; // x + this - this: x to a multiple of 2^-7, if |x| < 2^15
  Value log = finite(b, loc, gate);
  if (!exact)
    return {log};
  Value large = floatConstant(b, loc, log.getType(), toMultiples), whole = sub(b, loc, add(b, loc, log, large), large);
  return {whole, sub(b, loc, log, whole)};
}

Value GateSums::since(OpBuilder &b, Location loc, ValueRange ofRows) const {
  if (!whole)
    return arith::SubFOp::create(b, loc, ofRows[0], ofRows[1]);
  Value exact = arith::SubFOp::create(b, loc, ofRows[0], ofRows[2]),
        small = arith::SubFOp::create(b, loc, ofRows[1], ofRows[3]);
  Value sum = arith::AddFOp::create(b, loc, exact, small);
  return arith::MulFOp::create(b, loc, sum, floatConstant(b, loc, sum.getType(), log2e));
}

GateSums strand::gateSums(OpBuilder &b, Location loc, Value gate, int64_t length, Type element, bool exact,
                          int64_t updates) {
  Value zero = floatConstant(b, loc, element, 0), toBaseTwo = floatConstant(b, loc, element, log2e);
  bool perRow = isa<RankedTensorType>(gate.getType());
  auto map = [&](StringRef loops, StringRef dims) { return dimsMap(b.getContext(), loops, dims); };
  Value gates = perRow ? gate : filled(b, loc, {length}, gate);
  length *= updates;
  int64_t count = exact ? 2 : 1; // of addends
  SmallVector<AffineMap> maps{map("rs", "s")};
  maps.append(count, map("rs", "r"));
  SmallVector<Value> sums =
      generic(b, loc, gates, SmallVector<Value>(count, filled(b, loc, {length}, zero)), maps, "pr",
              [&](OpBuilder &b, Location loc, ValueRange x) {
                Value r = linalg::IndexOp::create(b, loc, 0), s = linalg::IndexOp::create(b, loc, 1);
                if (updates > 1)
                  s = arith::MulIOp::create(b, loc, s, indexConstant(b, loc, updates));
                Value counts = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, s, r);
                SmallVector<Value> addends = addendsOf(b, loc, x[0], exact);
                for (auto [addend, sum] : llvm::zip_equal(addends, x.drop_front()))
                  addend = add(b, loc, sum, arith::SelectOp::create(b, loc, counts, addend, zero));
                return addends;
              });
  SmallVector<Value> totals;
  for (int64_t i = 0; i < count; ++i)
    totals.push_back(generic(b, loc, gates, filled(b, loc, {}, zero), {map("s", "s"), map("s", "")}, "r",
                             [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                               return {add(b, loc, x[1], addendsOf(b, loc, x[0], exact)[i])};
                             })[0]);
  auto inBaseTwo = [&](OpBuilder &b, Location loc, ArrayRef<Value> addends) {
    return mul(b, loc, addends.size() == 1 ? addends[0] : add(b, loc, addends[0], addends[1]), toBaseTwo);
  };
  SmallVector<Value> ins(sums);
  llvm::append_range(ins, totals);
  maps.assign(count, map("r", "r"));
  maps.append(count, map("r", ""));
  maps.append(2, map("r", "r"));
  SmallVector<Value> both =
      generic(b, loc, ins, SmallVector<Value>(2, emptyTensor(b, loc, {length}, element)), maps, "p",
              [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                SmallVector<Value> before(x.take_front(count)), after;
                for (auto [sum, total] : llvm::zip_equal(before, x.slice(count, count)))
                  after.push_back(sub(b, loc, total, sum));
                return {inBaseTwo(b, loc, before), inBaseTwo(b, loc, after)};
              });
  maps.assign(count + 1, map("", ""));
  Value total = generic(b, loc, totals, emptyTensor(b, loc, {}, element), maps, "",
                        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                          return {inBaseTwo(b, loc, SmallVector<Value>(x.take_front(count)))};
                        })[0];
  if (!exact)
    return {both[0], both[1], total, {}, {}};
  return {both[0], both[1], total, sums[0], sums[1]};
}

Value strand::decayed(OpBuilder &b, Location loc, Value x, StringRef dims, Value logs, StringRef logDims, Value factor,
                      Value into) {
  if (!logs && !factor)
    return x;
  auto map = [&](StringRef of) { return dimsMap(b.getContext(), dims, of); };
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  if (into) {
    ins.push_back(x);
    maps.push_back(map(dims));
  }
  if (logs) {
    ins.push_back(logs);
    maps.push_back(map(logDims));
  }
  maps.push_back(map(dims));
  return generic(b, loc, ins, into ? into : x, maps, std::string(dims.size(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value out = into ? v.front() : v.back();
                   if (factor)
                     out = arith::MulFOp::create(b, loc, out, factor);
                   if (logs)
                     out = arith::MulFOp::create(b, loc, out, coarsePowerOfTwo(b, loc, v[into ? 1 : 0]));
                   return {out};
                 })[0];
}

Value strand::coarsePowerOfTwo(OpBuilder &b, Location loc, Value x) {
  return math::Exp2Op::create(b, loc, x, arith::FastMathFlags::afn);
}

/// A matrix of bf16, length x length: 1 where its column stands to its row as `predicate` says, 0 elsewhere.
static Value onesWhere(OpBuilder &b, Location loc, int64_t length, arith::CmpIPredicate predicate) {
  Type bf16 = b.getBF16Type();
  Value one = floatConstant(b, loc, bf16, 1), zero = floatConstant(b, loc, bf16, 0);
  AffineMap map = b.getMultiDimIdentityMap(2);
  return generic(b, loc, {}, emptyTensor(b, loc, {length, length}, bf16), map, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
                   Value row = linalg::IndexOp::create(b, loc, 0), column = linalg::IndexOp::create(b, loc, 1);
                   Value counts = arith::CmpIOp::create(b, loc, predicate, column, row);
                   return {arith::SelectOp::create(b, loc, counts, one, zero)};
                 })[0];
}

/// Whether values in f32 are a copy of some in bf16.
static bool isCopyOfBf16(Value x) {
  Operation *op = x.getDefiningOp();
  while (isa_and_present<tensor::ExtractSliceOp, tensor::CollapseShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  if (auto made = dyn_cast_if_present<linalg::GenericOp>(op)) {
    op = made.getNumReductionLoops() ? nullptr : made.getBody()->getTerminator()->getOperand(0).getDefiningOp();
    if (!op || op->getBlock() != made.getBody() || op->getNumOperands() != 1 || !isa<BlockArgument>(op->getOperand(0)))
      return false;
  }
  return isa_and_present<arith::ExtFOp>(op) && getElementTypeOrSelf(op->getOperand(0)).isBF16();
}

/// Finite gates in f32 as one part, if that has them all, or as what bf16 keeps of them and of the rest.
static SmallVector<Value> partsInBf16(OpBuilder &b, Location loc, Value gate) {
  Type bf16 = b.getBF16Type();
  AffineMap map = b.getMultiDimIdentityMap(2);
  SmallVector<Value> parts;
  for (int64_t part = 0; part < (isCopyOfBf16(gate) ? 1 : 2); ++part)
    parts.push_back(generic(b, loc, gate, emptyTensor(b, loc, rowsType(gate).getShape(), bf16), {map, map}, "pp",
                            [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                              return {roundedParts(b, loc, finite(b, loc, v[0]), part + 1).back()};
                            })[0]);
  return parts;
}

ChannelDecays::ChannelDecays(OpBuilder &b, Location loc, Value gate)
    : b(b), loc(loc), gate(gate), parts(partsInBf16(b, loc, gate)) {}

Value ChannelDecays::before(bool exclusive) {
  return sums(exclusive ? arith::CmpIPredicate::ult : arith::CmpIPredicate::ule);
}
Value ChannelDecays::after() { return sums(arith::CmpIPredicate::ugt); }

/// Sums of addends of one sign, and no differences of sums: what is left of them is as exact as they are.
Value ChannelDecays::sums(arith::CmpIPredicate counted) {
  auto type = rowsType(gate);
  Value ones = onesWhere(b, loc, type.getDimSize(0), counted);
  Value sum = filled(b, loc, type.getShape(), floatConstant(b, loc, type.getElementType(), 0));
  for (Value part : parts)
    sum = contract(b, loc, ones, "rt", part, "ti", sum, "ri");
  return inBaseTwo(sum);
}

Value ChannelDecays::total() {
  auto type = rowsType(gate);
  Value zeros = filled(b, loc, {type.getDimSize(1)}, floatConstant(b, loc, type.getElementType(), 0));
  return inBaseTwo(generic(
      b, loc, gate, zeros, {dimsMap(b.getContext(), "ir", "ri"), dimsMap(b.getContext(), "ir", "i")}, "pr",
      [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
        return {add(b, loc, x[1], finite(b, loc, x[0]))};
      })[0]);
}

Value ChannelDecays::inBaseTwo(Value x) {
  int64_t rank = rowsType(x).getRank();
  Value factor = floatConstant(b, loc, rowsType(x).getElementType(), log2e);
  return generic(
      b, loc, {}, x, b.getMultiDimIdentityMap(rank), std::string(rank, 'p'),
      [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> { return {mul(b, loc, v[0], factor)}; })[0];
}

SmallVector<Value> ChannelDecays::scores(ValueRange lefts, ValueRange rights, bool exclusive) {
  int64_t length = rowsType(gate).getDimSize(0);
  SmallVector<Value> into(lefts.size() * rights.size(), emptyTensor(b, loc, {length, length}, b.getF32Type()));
  auto op = tile::DecayedScoresOp::create(b, loc, ValueRange(into).getTypes(), lefts, rights, parts, exclusive, into);
  return llvm::to_vector_of<Value>(op.getResults());
}
