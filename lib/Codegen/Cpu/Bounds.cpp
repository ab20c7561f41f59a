// How large an index can become, as a linear function of a call's rows and sequences.
#include "lib/Codegen/Cpu/Bounds.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>
using namespace mlir;
namespace strand {
namespace {
using Maybe = std::optional<Bound>;

/// In lowest terms, so that numbers stay small.
Bound reduced(Bound x) {
  int64_t g = std::gcd(std::gcd(x.a, x.r), std::gcd(x.s, x.d));
  return g > 1 ? Bound{x.a / g, x.r / g, x.s / g, x.d / g} : x;
}

Maybe sum(Maybe l, Maybe r) { return l && r ? Maybe(l->plus(*r)) : std::nullopt; }
Maybe united(Maybe l, Maybe r) { return l && r ? Maybe(l->unitedWith(*r)) : std::nullopt; }
Maybe product(Maybe l, Maybe r) {
  if (!l || !r || (!l->isConstant() && !r->isConstant()))
    return {};
  Bound k = l->isConstant() ? *l : *r, x = l->isConstant() ? *r : *l;
  return x.times(k.a).dividedBy(k.d);
}
/// Either of two bounds holds: a constant is taken before one that grows.
Maybe either(Maybe l, Maybe r) {
  if (!l || !r)
    return l ? l : r;
  if (l->isConstant() && r->isConstant())
    return l->at(0, 0) <= r->at(0, 0) ? l : r;
  return l->isConstant() || !r->isConstant() ? l : r;
}
Maybe quotient(Maybe x, int64_t k, bool up) {
  if (!x || k <= 0)
    return {};
  return (up ? x->plus({k - 1}) : *x).dividedBy(k);
}

Maybe marked(func::FuncOp f, unsigned argument) {
  if (f.getArgAttr(argument, "strand.rows"))
    return Bound{0, 1, 0};
  if (f.getArgAttr(argument, "strand.sequences"))
    return Bound{0, 0, 1};
  if (f.getArgAttr(argument, "strand.offsets"))
    return Bound{1, 0, 1};
  return {};
}

Maybe boundOfExpr(AffineExpr e, AffineMap map, ValueRange operands) {
  if (auto c = dyn_cast<AffineConstantExpr>(e))
    return Bound{std::max<int64_t>(c.getValue(), 0)};
  if (auto d = dyn_cast<AffineDimExpr>(e))
    return boundOf(operands[d.getPosition()]);
  if (auto s = dyn_cast<AffineSymbolExpr>(e))
    return boundOf(operands[map.getNumDims() + s.getPosition()]);
  auto op = cast<AffineBinaryOpExpr>(e);
  auto k = dyn_cast<AffineConstantExpr>(op.getRHS());
  Maybe l = boundOfExpr(op.getLHS(), map, operands);
  switch (e.getKind()) {
  case AffineExprKind::Add:
    return sum(l, boundOfExpr(op.getRHS(), map, operands));
  case AffineExprKind::Mul:
    if (k && k.getValue() < 0)
      return Bound{};
    return product(l, boundOfExpr(op.getRHS(), map, operands));
  case AffineExprKind::FloorDiv:
    return k ? quotient(l, k.getValue(), false) : std::nullopt;
  case AffineExprKind::CeilDiv:
    return k ? quotient(l, k.getValue(), true) : std::nullopt;
  case AffineExprKind::Mod:
    return k ? either(Bound{k.getValue() - 1}, l) : std::nullopt;
  default:
    return {};
  }
}

Maybe boundOfSize(OpFoldResult size) {
  if (std::optional<int64_t> k = getConstantIntValue(size))
    return Bound{*k};
  return boundOf(cast<Value>(size));
}
} // namespace

/// Of all parts of sequences together, where `parts` is max(ceil(rows / (max(n, 1) length)), 1) and `factor` the n
/// sequences, or so many times a constant: n parts <= rows / length + n.
static Maybe boundOfParts(Value factor, Value parts) {
  auto constant = [](Value v) { return getConstantIntValue(v); };
  auto some = parts.getDefiningOp<arith::MaxUIOp>();
  auto each = some && constant(some.getRhs()) == 1 ? some.getLhs().getDefiningOp<arith::CeilDivUIOp>() : nullptr;
  auto share = each ? each.getRhs().getDefiningOp<arith::MulIOp>() : nullptr;
  auto n = share && constant(share.getRhs()).value_or(0) > 0 ? share.getLhs().getDefiningOp<arith::MaxUIOp>() : nullptr;
  if (!n || constant(n.getRhs()) != 1)
    return {};
  int64_t times = 1;
  if (auto scaled = factor.getDefiningOp<arith::MulIOp>(); scaled && constant(scaled.getRhs()).value_or(-1) >= 0) {
    times = *constant(scaled.getRhs());
    factor = scaled.getLhs();
  }
  if (factor != n.getLhs())
    return {};
  Maybe whole = quotient(boundOf(each.getLhs()), *constant(share.getRhs()), /*up=*/false);
  return product(sum(whole, boundOf(factor)), Bound{times});
}

Bound Bound::times(int64_t k) const { return reduced({a * k, r * k, s * k, d}); }
Bound Bound::dividedBy(int64_t k) const { return reduced({a, r, s, d * k}); }
Bound Bound::plus(const Bound &o) const {
  return reduced({a * o.d + o.a * d, r * o.d + o.r * d, s * o.d + o.s * d, d * o.d});
}
Bound Bound::unitedWith(const Bound &o) const {
  return reduced({std::max(a * o.d, o.a * d), std::max(r * o.d, o.r * d), std::max(s * o.d, o.s * d), d * o.d});
}
int64_t Bound::at(int64_t rows, int64_t sequences) const {
  return llvm::divideCeil(a + rows * r + sequences * s, d);
}
Value Bound::at(OpBuilder &b, Location loc, Value rows, Value sequences) const {
  auto k = [&](int64_t c) -> Value { return arith::ConstantIndexOp::create(b, loc, c); };
  if (isConstant())
    return k(at(0, 0));
  Value v = k(a + d - 1); // the division below rounds down
  if (r)
    v = arith::AddIOp::create(b, loc, v, arith::MulIOp::create(b, loc, rows, k(r)));
  if (s)
    v = arith::AddIOp::create(b, loc, v, arith::MulIOp::create(b, loc, sequences, k(s)));
  return d == 1 ? v : Value(arith::DivUIOp::create(b, loc, v, k(d)));
}

std::optional<Bound> boundOfDim(Value buffer, int64_t dim) {
  auto type = cast<MemRefType>(buffer.getType());
  if (!type.isDynamicDim(dim))
    return Bound{type.getDimSize(dim)};
  if (auto arg = dyn_cast<BlockArgument>(buffer)) {
    auto f = dyn_cast<func::FuncOp>(arg.getOwner()->getParentOp());
    return f && dim == 0 ? marked(f, arg.getArgNumber()) : std::nullopt;
  }
  Operation *op = buffer.getDefiningOp();
  if (auto view = dyn_cast<memref::SubViewOp>(op)) {
    llvm::SmallBitVector dropped = view.getDroppedDims();
    for (auto [i, size] : llvm::enumerate(view.getMixedSizes()))
      if (!dropped.test(i) && dim-- == 0)
        return boundOfSize(size);
    return {};
  }
  if (auto expand = dyn_cast<memref::ExpandShapeOp>(op))
    return boundOfSize(expand.getMixedOutputShape()[dim]);
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(op)) {
    Maybe all = Bound{1};
    ReassociationIndices joined = collapse.getReassociationIndices()[dim];
    for (int64_t d : joined)
      all = product(all, boundOfDim(collapse.getSrc(), d));
    return all;
  }
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    return boundOf(alloc.getDynamicSizes()[type.getDynamicDimIndex(dim)]);
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return boundOf(view.getSizes()[type.getDynamicDimIndex(dim)]);
  if (auto cast = dyn_cast<memref::CastOp>(op))
    return boundOfDim(cast.getSource(), dim);
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    unsigned i = cast<OpResult>(buffer).getResultNumber();
    return united(boundOfDim(branch.thenYield().getOperand(i), dim), boundOfDim(branch.elseYield().getOperand(i), dim));
  }
  return {};
}

std::optional<Bound> boundOf(Value v) {
  APInt c;
  if (matchPattern(v, m_ConstantInt(&c)))
    return Bound{std::max<int64_t>(c.getSExtValue(), 0)};
  if (auto arg = dyn_cast<BlockArgument>(v)) {
    Operation *parent = arg.getOwner()->getParentOp();
    if (auto f = dyn_cast<func::FuncOp>(parent))
      return marked(f, arg.getArgNumber());
    if (auto loop = dyn_cast<scf::ForOp>(parent); loop && arg == loop.getInductionVar())
      return boundOf(loop.getUpperBound());
    return {};
  }
  Operation *op = v.getDefiningOp();
  auto l = [&] { return boundOf(op->getOperand(0)); };
  auto r = [&] { return boundOf(op->getOperand(1)); };
  if (auto dim = dyn_cast<memref::DimOp>(op))
    return dim.getConstantIndex() ? boundOfDim(dim.getSource(), *dim.getConstantIndex()) : std::nullopt;
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp, arith::ExtUIOp, arith::TruncIOp, arith::SubIOp>(op))
    return l();
  if (isa<arith::MinSIOp, arith::MinUIOp>(op)) // how a size that depends on data says its limit
    return either(l(), r());
  if (isa<arith::MaxSIOp, arith::MaxUIOp>(op))
    return united(l(), r());
  if (auto select = dyn_cast<arith::SelectOp>(op))
    return united(boundOf(select.getTrueValue()), boundOf(select.getFalseValue()));
  if (isa<arith::AddIOp>(op))
    return sum(l(), r());
  if (isa<arith::MulIOp>(op)) {
    if (Maybe known = product(l(), r()))
      return known;
    Maybe parts = boundOfParts(op->getOperand(0), op->getOperand(1));
    return parts ? parts : boundOfParts(op->getOperand(1), op->getOperand(0));
  }
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp, arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    if (matchPattern(op->getOperand(1), m_ConstantInt(&c)))
      return quotient(l(), c.getSExtValue(), isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op));
  if (isa<arith::RemSIOp, arith::RemUIOp>(op))
    if (matchPattern(op->getOperand(1), m_ConstantInt(&c)) && c.isStrictlyPositive())
      return either(Bound{c.getSExtValue() - 1}, l());
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return boundOfExpr(apply.getMap().getResult(0), apply.getMap(), apply.getOperands());
  if (auto min = dyn_cast<affine::AffineMinOp>(op)) {
    Maybe best;
    for (AffineExpr e : min.getMap().getResults())
      best = either(best, boundOfExpr(e, min.getMap(), min.getOperands()));
    return best;
  }
  if (auto max = dyn_cast<affine::AffineMaxOp>(op)) {
    Maybe all = Bound{};
    for (AffineExpr e : max.getMap().getResults())
      all = united(all, boundOfExpr(e, max.getMap(), max.getOperands()));
    return all;
  }
  return {};
}

int64_t bytesOfElement(Type type) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getNumElements() * bytesOfElement(vector.getElementType());
  return type.isIndex() ? 8 : llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}
} // namespace strand
