#include "lib/Analysis/StepReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

static ArrayRef<int64_t> shapeOf(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type ? type.getShape() : ArrayRef<int64_t>();
}

const Element &StepReader::read(Value v) {
  if (auto it = elements.find(v); it != elements.end())
    return *it->second;
  auto e = std::make_unique<Element>();
  Index index;
  for (int64_t size : shapeOf(v)) {
    e->vars.push_back(A.fresh(size));
    index.push_back(A.indexOf(e->vars.back()));
  }
  Attribute constant;
  if (live.contains(v) || isa<BlockArgument>(v))
    e->poly = A.leaf(v, index);
  else if (matchPattern(v, m_Constant(&constant)))
    e->poly = readConstant(v, constant, index);
  else if (!dependsOnLive(v) && isa<RankedTensorType>(v.getType()) && !repeats(v))
    e->poly = A.leaf(v, index);
  else
    e->poly = readDefinition(v, index);
  return *(elements[v] = std::move(e));
}

Element StepReader::readDefined(Value v) {
  if (isa<BlockArgument>(v) || !dependsOnLive(v))
    return read(v);
  Element e;
  Index index;
  for (int64_t size : shapeOf(v)) {
    e.vars.push_back(A.fresh(size));
    index.push_back(A.indexOf(e.vars.back()));
  }
  e.poly = readDefinition(v, index);
  return e;
}

Poly StepReader::fullyOpened(const Poly &p) {
  Poly now = p;
  for (unsigned depth = 0; depth < 32 && !A.isTooLong(); ++depth) {
    bool changed = false;
    Poly next;
    for (const Summand &s : now.summands)
      next = A.sum(next, A.withFactors(s, [&](AtomId, const Atom &a) {
        std::optional<Poly> open = opened(a);
        changed |= open.has_value();
        return open;
      }));
    if (!changed)
      break;
    now = next;
  }
  return now;
}

Poly StepReader::readAt(Value v, ArrayRef<AffineExpr> index) {
  const Element &e = read(v);
  Substitution s;
  for (auto [var, x] : llvm::zip(e.vars, index))
    if (A.extent(var) != 1)
      s.push_back({var, x});
  return A.substituted(e.poly, s);
}

std::optional<Poly> StepReader::opened(const Atom &leaf) {
  if (leaf.kind != Atom::Kind::Leaf || leaf.live || isa<BlockArgument>(leaf.value) || sealed.contains(leaf.value))
    return {};
  Poly p = readDefinition(leaf.value, leaf.index);
  std::optional<AtomId> id = A.asAtom(p);
  bool same = id && A[*id].kind == Atom::Kind::Leaf && A[*id].value == leaf.value;
  return same ? std::nullopt : std::optional(p);
}

bool StepReader::dependsOnLive(Value v) {
  if (live.contains(v))
    return true;
  Operation *op = v.getDefiningOp();
  if (!op)
    return false;
  if (auto it = dependence.find(v); it != dependence.end())
    return it->second;
  dependence[v] = false;
  bool depends = false;
  op->walk([&](Operation *inner) {
    for (Value o : inner->getOperands())
      depends |= o.getParentBlock() == op->getBlock() && dependsOnLive(o);
  });
  return dependence[v] = depends;
}

void StepReader::blame(Operation *op) {
  if (!llvm::is_contained(culprits, op))
    culprits.push_back(op);
}

//===--- values that repeat themselves ---------------------------------------------------------------------------===//

static llvm::BitVector manyEntries(Value v) {
  llvm::BitVector dims(shapeOf(v).size());
  for (auto [d, size] : llvm::enumerate(shapeOf(v)))
    dims[d] = size != 1;
  return dims;
}

bool StepReader::repeats(Value v) { return getVaryingDims(v) != manyEntries(v); }

const llvm::BitVector &StepReader::getVaryingDims(Value v) {
  if (auto it = varying.find(v); it != varying.end())
    return it->second;
  llvm::BitVector dims = findVaryingDims(v);
  return varying[v] = dims &= manyEntries(v);
}

/// The dimensions of a linalg result along which its inputs differ.
static llvm::BitVector varyingOf(linalg::LinalgOp op, unsigned result, llvm::function_ref<llvm::BitVector(Value)> of) {
  llvm::BitVector loops(op.getNumLoops());
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.getOperandNumber() >= op.getIndexingMapsArray().size() ||
        op.getMatchingBlockArgument(&operand).use_empty())
      continue;
    llvm::BitVector dims = of(operand.get());
    for (auto [d, e] : llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
      for (unsigned l = 0; l < loops.size(); ++l)
        if (dims.test(d) && e.isFunctionOfDim(l))
          loops.set(l);
  }
  op->walk([&](linalg::IndexOp index) { loops.set(index.getDim()); });
  AffineMap out = op.getMatchingIndexingMap(op.getDpsInitOperand(result));
  llvm::BitVector varying(out.getNumResults());
  for (auto [d, e] : llvm::enumerate(out.getResults()))
    for (unsigned l = 0; l < loops.size(); ++l)
      if (loops.test(l) && e.isFunctionOfDim(l))
        varying.set(d);
  return varying;
}

llvm::BitVector StepReader::findVaryingDims(Value v) {
  llvm::BitVector all(shapeOf(v).size(), true), none(shapeOf(v).size());
  Operation *op = v.getDefiningOp();
  DenseElementsAttr constant;
  if (!op || live.contains(v))
    return all;
  if (matchPattern(v, m_Constant(&constant)))
    return constant.isSplat() ? none : all;
  if (isa<tensor::EmptyOp, tensor::SplatOp>(op))
    return none;
  auto of = [&](Value x) { return getVaryingDims(x); };
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return varyingOf(linalgOp, cast<OpResult>(v).getResultNumber(), of);
  if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (Value o : op->getOperands())
      if (isa<RankedTensorType>(o.getType()))
        none |= of(o);
    return none;
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (auto [d, group] : llvm::enumerate(expand.getReassociationIndices()))
      for (int64_t i : group)
        none[i] = of(expand.getSrc()).test(d);
    return none;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [d, group] : llvm::enumerate(collapse.getReassociationIndices()))
      for (int64_t i : group)
        none[d] = none[d] || of(collapse.getSrc()).test(i);
    return none;
  }
  return all;
}

//===--- operations ----------------------------------------------------------------------------------------------===//

static std::optional<double> numberOf(Attribute a) {
  if (auto f = dyn_cast<FloatAttr>(a))
    return f.getValueAsDouble();
  if (auto i = dyn_cast<IntegerAttr>(a))
    return i.getType().isInteger(1) ? double(i.getValue().getZExtValue()) : double(i.getValue().getSExtValue());
  return {};
}

static bool isIdentityMatrix(DenseElementsAttr a) {
  auto type = a.getType();
  if (type.getRank() != 2 || type.getDimSize(0) != type.getDimSize(1) || !isa<FloatType>(type.getElementType()))
    return false;
  int64_t n = type.getDimSize(0);
  for (auto [i, x] : llvm::enumerate(a.getValues<APFloat>()))
    if (x.convertToDouble() != (int64_t(i) / n == int64_t(i) % n ? 1 : 0))
      return false;
  return true;
}

Poly StepReader::readConstant(Value v, Attribute value, ArrayRef<AffineExpr> index) {
  auto elements = dyn_cast<DenseElementsAttr>(value);
  if (elements && elements.isSplat())
    value = elements.getSplatValue<Attribute>();
  else if (elements && isIdentityMatrix(elements))
    return A.delta(index[0], index[1]);
  std::optional<double> c = numberOf(value);
  return c ? A.number(*c) : A.leaf(v, index);
}

/// x / n and x % n of an index whose parts are multiples of n and one rest below n.
static std::pair<AffineExpr, AffineExpr> divided(Algebra &A, AffineExpr x, int64_t n) {
  AffineExpr quotient = getAffineConstantExpr(0, x.getContext()), rest = quotient;
  std::function<void(AffineExpr)> split = [&](AffineExpr e) {
    if (auto sum = dyn_cast<AffineBinaryOpExpr>(e); sum && sum.getKind() == AffineExprKind::Add) {
      split(sum.getLHS());
      split(sum.getRHS());
    } else if (e.getLargestKnownDivisor() % n == 0) {
      quotient = quotient + e.floorDiv(n);
    } else {
      rest = rest + e;
    }
  };
  split(x);
  auto d = dyn_cast<AffineDimExpr>(rest);
  bool below = (d && A.extent(d.getPosition()) <= n) || rest == getAffineConstantExpr(0, x.getContext());
  return below ? std::pair(quotient, rest) : std::pair(x.floorDiv(n), x % n);
}

/// Operations that only say where an element is.
std::optional<Poly> StepReader::readShape(Operation *op, ArrayRef<AffineExpr> index) {
  auto constant = [&](int64_t c) { return getAffineConstantExpr(c, op->getContext()); };
  Index at;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (const ReassociationIndices &group : expand.getReassociationIndices()) {
      AffineExpr x = constant(0);
      for (int64_t d : group)
        if (int64_t size = expand.getResultType().getDimSize(d); size != 1)
          x = x * size + index[d];
      at.push_back(x);
    }
    return readAt(expand.getSrc(), at);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    at.assign(collapse.getSrcType().getRank(), constant(0));
    for (auto [j, group] : llvm::enumerate(collapse.getReassociationIndices())) {
      AffineExpr rest = index[j];
      SmallVector<int64_t> wide;
      llvm::copy_if(group, std::back_inserter(wide),
                    [&](int64_t d) { return collapse.getSrcType().getDimSize(d) != 1; });
      for (int64_t d : llvm::reverse(wide)) {
        if (d == wide.front())
          at[d] = rest;
        else
          std::tie(rest, at[d]) = divided(A, rest, collapse.getSrcType().getDimSize(d));
      }
    }
    return readAt(collapse.getSrc(), at);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    if (llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic) ||
        llvm::any_of(slice.getStaticStrides(), ShapedType::isDynamic))
      return {};
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [d, offset] : llvm::enumerate(slice.getStaticOffsets())) {
      at.push_back(dropped.test(d) ? constant(offset) : index.front() * slice.getStaticStrides()[d] + offset);
      index = index.drop_front(!dropped.test(d));
    }
    return readAt(slice.getSource(), at);
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return readAt(cast.getSource(), index);
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return readAt(splat.getInput(), {});
  if (auto from = dyn_cast<tensor::FromElementsOp>(op); from && from.getElements().size() == 1)
    return readAt(from.getElements()[0], {});
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    for (Value i : extract.getIndices()) {
      APInt c;
      if (!matchPattern(i, m_ConstantInt(&c)))
        return {};
      at.push_back(constant(c.getSExtValue()));
    }
    return readAt(extract.getTensor(), at);
  }
  return {};
}

Poly StepReader::readDefinition(Value v, ArrayRef<AffineExpr> index) {
  Operation *op = v.getDefiningOp();
  if (std::optional<Poly> p = readShape(op, index))
    return *p;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return readLinalg(linalgOp, cast<OpResult>(v).getResultNumber(), index);
  if (op->getNumResults() == 1 && !op->getNumRegions() && OpTrait::hasElementwiseMappableTraits(op)) {
    SmallVector<Poly> args;
    for (Value o : op->getOperands())
      args.push_back(readAt(o, isa<RankedTensorType>(o.getType()) ? index : ArrayRef<AffineExpr>()));
    return readScalar(op, args);
  }
  return unread(op, v, index);
}

/// A value under its own name; if it depends on what is live, as a function of all of that.
Poly StepReader::unread(Operation *op, Value v, ArrayRef<AffineExpr> index) {
  SmallVector<Poly> args{A.leaf(v, index)};
  op->walk([&](Operation *inner) {
    for (Value o : inner->getOperands())
      if (o.getParentBlock() == op->getBlock() && dependsOnLive(o)) {
        const Element &e = read(o);
        args.push_back(A.sumOver(e.poly, e.vars));
      }
  });
  if (args.size() == 1)
    return args[0];
  blame(op);
  return A.function(op, args);
}

/// One operation on numbers.
Poly StepReader::readScalar(Operation *op, ArrayRef<Poly> args) {
  bool isLive = llvm::any_of(args, [&](const Poly &p) { return A.isLive(p); });
  auto read = [&]() -> Poly {
    if (isa<arith::AddFOp>(op))
      return A.sum(args[0], args[1]);
    if (isa<arith::SubFOp>(op))
      return A.sum(args[0], args[1], -1);
    if (isa<arith::NegFOp>(op))
      return A.scaled(args[0], -1);
    if (isa<arith::MulFOp>(op))
      return A.product(args[0], args[1]);
    if (isa<math::FmaOp>(op))
      return A.sum(A.product(args[0], args[1]), args[2]);
    if (isa<arith::DivFOp>(op))
      return A.product(args[0], A.reciprocal(args[1], op));
    if (isa<math::ExpOp>(op))
      return A.exp(args[0], op);
    if (isa<math::LogOp>(op))
      return A.log(args[0], op);
    if (isa<arith::MaximumFOp>(op)) // not maxnumf, which leaves a NaN out
      return A.extremum(Fn::Max, {args[0], args[1]}, op);
    if (isa<arith::MinimumFOp>(op))
      return A.extremum(Fn::Min, {args[0], args[1]}, op);
    if (!isLive)
      return A.function(op, args);
    // in what is live also the forms that are there for precision
    if (isa<math::Exp2Op>(op))
      return A.exp(A.scaled(args[0], std::log(2.0)), op);
    if (isa<math::ExpM1Op>(op))
      return A.sum(A.exp(args[0], op), A.number(-1));
    if (isa<math::Log1pOp>(op))
      return A.log(A.sum(args[0], A.number(1)), op);
    if (isa<arith::SelectOp>(op) && !A.isLive(args[0])) // a mask and the rest
      return A.sum(A.product(args[0], args[1]), A.product(A.sum(A.number(1), args[0], -1), args[2]));
    return A.function(op, args);
  };
  bool before = llvm::any_of(args, [&](const Poly &p) { return A.isNonlinear(p); });
  Poly p = read();
  if (!before && A.isNonlinear(p))
    blame(op);
  return p;
}

namespace {
/// The operation by which a reduction takes in one more element, and that element.
struct Combiner {
  Operation *op = nullptr;
  SmallVector<Value, 2> element; // two for a product that is added
};
} // namespace

static Combiner combinerOf(Value result, BlockArgument sum) {
  Operation *op = result.getDefiningOp();
  if (!op || !sum.hasOneUse())
    return {};
  if (isa<math::FmaOp>(op) && op->getOperand(2) == sum)
    return {op, {op->getOperand(0), op->getOperand(1)}};
  if (!isa<arith::AddFOp, arith::SubFOp, arith::MaximumFOp, arith::MinimumFOp>(op))
    return {};
  if (op->getOperand(0) == sum)
    return {op, {op->getOperand(1)}};
  if (op->getOperand(1) == sum && !isa<arith::SubFOp>(op))
    return {op, {op->getOperand(0)}};
  return {};
}

Poly StepReader::readLinalg(linalg::LinalgOp op, unsigned result, ArrayRef<AffineExpr> index) {
  Value whole = op->getResult(result);
  OpOperand *init = op.getDpsInitOperand(result);
  SmallVector<AffineExpr> loops(op.getNumLoops());
  for (auto [e, x] : llvm::zip(op.getMatchingIndexingMap(init).getResults(), index)) {
    auto d = dyn_cast<AffineDimExpr>(e);
    if (!d || loops[d.getPosition()])
      return unread(op, whole, index);
    loops[d.getPosition()] = x;
  }
  SmallVector<Var> reduced;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (auto [i, loop] : llvm::enumerate(loops))
    if (!loop) {
      reduced.push_back(A.fresh(sizes[i]));
      loop = A.indexOf(reduced.back());
    }

  Block *body = op.getBlock();
  BlockArgument sum = op.getMatchingBlockArgument(init);
  DenseMap<Value, Poly> known;
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.getOperandNumber() >= op.getIndexingMapsArray().size())
      break;
    BlockArgument a = op.getMatchingBlockArgument(&operand);
    if (a.use_empty() || (a == sum && !reduced.empty()))
      continue;
    Index at;
    for (AffineExpr e : op.getMatchingIndexingMap(&operand).getResults())
      at.push_back(e.replaceDims(loops));
    known[a] = readAt(operand.get(), isa<RankedTensorType>(operand.get().getType()) ? at : Index());
  }
  std::function<Poly(Value)> eval = [&](Value x) -> Poly {
    if (auto it = known.find(x); it != known.end())
      return it->second;
    Operation *def = x.getDefiningOp();
    if (!def || def->getBlock() != body)
      return readAt(x, {}); // a number from outside
    Attribute constant;
    Poly p;
    auto compare = dyn_cast<arith::CmpIOp>(def);
    auto loopOf = [](Value v) { return v.getDefiningOp<linalg::IndexOp>(); };
    if (matchPattern(x, m_Constant(&constant))) {
      p = readConstant(x, constant, {});
    } else if (compare && compare.getPredicate() == arith::CmpIPredicate::eq && loopOf(compare.getLhs()) &&
               loopOf(compare.getRhs())) {
      p = A.delta(loops[loopOf(compare.getLhs()).getDim()], loops[loopOf(compare.getRhs()).getDim()]);
    } else if (OpTrait::hasElementwiseMappableTraits(def)) {
      p = readScalar(def, llvm::map_to_vector(def->getOperands(), eval));
    } else { // a gather, a branch, the number of a loop
      bool isLive = llvm::any_of(
          def->getOperands(), [&](Value o) { return dependsOnLive(o) || (known.contains(o) && A.isLive(known[o])); });
      p = A.leaf(x, loops);
      if (isLive) { // in whatever way
        blame(def);
        p = A.function(def, {p, A.leaf(*live.begin(), {})});
      }
    }
    return known[x] = p;
  };
  Value yielded = body->getTerminator()->getOperand(result);
  if (reduced.empty())
    return eval(yielded);
  if (yielded == sum)
    return readAt(init->get(), index);
  Combiner combiner = combinerOf(yielded, sum);
  if (!combiner.op)
    return unread(op, whole, index);
  Poly each = eval(combiner.element[0]), start = readAt(init->get(), index);
  if (combiner.element.size() == 2)
    each = A.product(each, eval(combiner.element[1]));
  if (isa<arith::AddFOp, arith::SubFOp, math::FmaOp>(combiner.op))
    return A.sum(start, A.sumOver(each, reduced), isa<arith::SubFOp>(combiner.op) ? -1 : 1);
  bool isMax = isa<arith::MaximumFOp>(combiner.op);
  if (A.isLive(each))
    blame(combiner.op);
  for (Var v : reduced)
    if (A.extent(v) != 1)
      each = A.extremumOver(isMax ? Fn::MaxOver : Fn::MinOver, each, v, combiner.op);
  std::optional<double> least = A.asNumber(start);
  if (least && std::isinf(*least) && (*least < 0) == isMax)
    return each;
  return A.extremum(isMax ? Fn::Max : Fn::Min, {start, each}, combiner.op);
}
